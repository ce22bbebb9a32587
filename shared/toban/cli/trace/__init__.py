"""`toban trace`."""
