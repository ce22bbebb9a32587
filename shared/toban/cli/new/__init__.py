"""`toban new`."""
