"""Which alerts share an incident."""
