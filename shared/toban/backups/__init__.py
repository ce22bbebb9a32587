"""Backups that are proven: due, taken, replicated, verified, pruned, restored."""
