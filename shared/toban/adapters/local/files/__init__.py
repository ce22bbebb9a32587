"""Objects, buckets and keys on this machine."""
