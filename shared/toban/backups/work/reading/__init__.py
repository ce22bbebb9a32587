"""Reading a copy whole, and recording what that has shown."""
