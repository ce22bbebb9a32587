"""Firestore: a scan at one read time, or Google's managed export."""
