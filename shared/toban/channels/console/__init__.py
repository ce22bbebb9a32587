"""A line on the log."""
