"""`toban outbox`."""
