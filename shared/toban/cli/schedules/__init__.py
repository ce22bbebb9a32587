"""`toban schedules`."""
