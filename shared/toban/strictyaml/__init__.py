"""Files that people write: strict YAML read into types, every finding with its place."""
