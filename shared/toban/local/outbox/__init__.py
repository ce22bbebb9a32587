"""The outbox of a data directory: what channels that are not configured would have sent."""
