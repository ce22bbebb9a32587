"""The people of a service or team, and where each is reached."""
