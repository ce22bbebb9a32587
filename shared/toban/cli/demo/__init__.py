"""`toban demo`."""
