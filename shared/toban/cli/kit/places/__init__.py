"""The places a command works on: a data directory, and a Google Cloud project."""
