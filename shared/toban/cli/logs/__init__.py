"""`toban logs`."""
