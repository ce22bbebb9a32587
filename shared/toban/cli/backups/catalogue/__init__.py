"""What there is: `toban backups list`, `show`, `rpo` and `rebuild-catalog`."""
