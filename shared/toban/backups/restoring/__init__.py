"""Loading a backup into a target, and trying that by turns."""
