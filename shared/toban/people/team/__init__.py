"""The team of a service: people and rotations that several profiles name instead of repeating them."""
