"""What senders report: the times it speaks of, and what is kept of it."""
