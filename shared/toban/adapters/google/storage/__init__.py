"""Objects in Cloud Storage, keys of Cloud KMS."""
