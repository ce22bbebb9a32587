"""Loading a dump into a Redis: key by key or through replication, and the mark that says whose it is."""
