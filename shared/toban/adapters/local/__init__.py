"""The embedded world: one SQLite file, a directory of objects, and the same in memory."""
