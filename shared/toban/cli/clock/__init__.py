"""`toban clock`."""
