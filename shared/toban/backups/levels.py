"""How far a copy of a backup was verified."""

from __future__ import annotations

from typing import Literal

Level = Literal["objects", "checksums", "content", "format", "restored"]
"""
How far a copy was verified: objects there with the right sizes; the bucket's own checksums;
everything read, decrypted, decompressed and hashed; the format understood; restored into staging.
"""
