"""Putting a dump into a database: which entries of it, by which programs, into what."""
