"""`toban test-page`."""
