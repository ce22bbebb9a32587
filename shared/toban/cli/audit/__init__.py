"""`toban audit`."""
