"""`toban init`."""
