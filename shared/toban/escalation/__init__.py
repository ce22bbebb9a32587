"""What happens to an incident that nobody acknowledges."""
