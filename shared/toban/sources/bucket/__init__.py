"""Objects of a Cloud Storage bucket."""
