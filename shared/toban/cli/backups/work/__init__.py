"""Work on a backup: `toban backups run`, `replicate` and `verify`."""
