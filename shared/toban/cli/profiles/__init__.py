"""`toban check`, `toban plan` and `toban apply`."""
