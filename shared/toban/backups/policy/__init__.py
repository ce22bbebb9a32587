"""What is kept, promised and chosen: retention, objectives, copies."""
