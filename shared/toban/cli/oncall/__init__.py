"""`toban oncall`."""
