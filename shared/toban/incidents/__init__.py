"""Incidents: which alerts make one, how it lives, and who is called when nobody answers."""
