"""The kinds of sources that are backed up, a folder each."""
