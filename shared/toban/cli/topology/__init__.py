"""`toban topology`."""
