"""What grows with an incident, and how its document stays small."""
