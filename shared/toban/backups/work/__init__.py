"""What is done to backups: taken, replicated, verified, pruned, restored, watched."""
