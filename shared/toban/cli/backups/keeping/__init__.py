"""What is kept, and what goes: `toban backups pin`, `prune`, `discard` and `retention`."""
