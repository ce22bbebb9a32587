"""What stands behind the ports: `local` needs nothing but Python, `google` the cloud."""
