"""What `toban dev` adds to a runtime: it takes up edited profiles, and keeps a key for links."""
