"""Stories of the platform, each told in every world."""
