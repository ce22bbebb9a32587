"""`toban backups` and `toban restore`."""
