"""Turning backup trouble into alerts."""
