"""`toban send`."""
