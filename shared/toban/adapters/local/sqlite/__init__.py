"""Documents, messages and traces in one SQLite file."""
