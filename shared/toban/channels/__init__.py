"""The kinds of channels, a folder each."""
