"""`toban plan` and `toban apply`."""
