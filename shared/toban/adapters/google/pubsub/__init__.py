"""Messages on Pub/Sub, and deliveries by push."""
