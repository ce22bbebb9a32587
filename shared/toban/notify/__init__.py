"""Who is told of an incident, by which channel, and that each is told once."""
