"""`toban check`."""
