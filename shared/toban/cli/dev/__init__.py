"""`toban dev`."""
