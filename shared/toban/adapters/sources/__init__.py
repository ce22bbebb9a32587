"""Sources to back up: reading them, checking what was read, loading it back."""
