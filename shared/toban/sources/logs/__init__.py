"""Files below directories."""
