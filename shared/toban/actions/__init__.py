"""Signed one-click links: what is in one, and the HTML they lead to."""
