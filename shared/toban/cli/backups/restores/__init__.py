"""`toban restore` and `toban backups test`."""
