"""What is deployed: a function's code, and the lock cut to what that code reaches."""
