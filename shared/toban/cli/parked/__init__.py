"""`toban parked`."""
