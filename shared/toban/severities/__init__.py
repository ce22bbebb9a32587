"""The severities of a service: its own words for the four levels, and what each asks for."""
