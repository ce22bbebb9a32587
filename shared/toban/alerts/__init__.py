"""Alerts at the edge: what monitoring systems say, in one form."""
