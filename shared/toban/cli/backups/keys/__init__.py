"""Keys of backups: `toban backups rewrap`."""
