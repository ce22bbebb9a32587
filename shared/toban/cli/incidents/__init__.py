"""`toban incidents`."""
