"""Functions as processes against Google's emulators."""
