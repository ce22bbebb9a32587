"""Signed JSON posts."""
