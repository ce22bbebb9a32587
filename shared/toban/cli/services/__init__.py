"""`toban services`."""
