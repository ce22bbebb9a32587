"""`toban schema`."""
