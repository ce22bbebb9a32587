"""`toban dead`."""
