"""Signed one-click links: what is in one, and the pages they lead to."""
