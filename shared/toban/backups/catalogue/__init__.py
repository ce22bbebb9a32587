"""What a bucket holds, as a manifest and as documents: writing it, reading it, mending it."""
