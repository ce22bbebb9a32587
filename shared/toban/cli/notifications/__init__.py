"""`toban notifications`."""
