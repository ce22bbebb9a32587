"""PostgreSQL, and Cloud SQL."""
