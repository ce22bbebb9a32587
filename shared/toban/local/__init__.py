"""The embedded runtime: the same functions on one machine, with nothing but Python."""
