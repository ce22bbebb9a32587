"""Redis, and Memorystore."""
