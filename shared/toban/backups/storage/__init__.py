"""The format of a backup in a bucket: object names, parts, frames."""
