"""The keys of backups: wrapping data keys anew, and whether they can still be unwrapped."""
