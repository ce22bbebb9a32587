"""How a backup lies in a bucket: parts, frames, manifest, catalogue."""
