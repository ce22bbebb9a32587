"""`toban explain`."""
