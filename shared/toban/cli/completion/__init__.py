"""`toban completion`."""
