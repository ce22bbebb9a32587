"""Alerts at the edge: reports of monitoring systems in one form."""
