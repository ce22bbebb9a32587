"""What nobody may read: credentials in texts."""
