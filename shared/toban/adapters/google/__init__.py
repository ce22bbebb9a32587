"""The ports on Google Cloud. Import the one module needed: each pulls in one client library."""
