"""What `toban dev` adds to a runtime: how it starts, edited profiles taken up, a key for links."""
