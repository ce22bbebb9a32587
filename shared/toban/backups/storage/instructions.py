"""
What whoever has lost toban needs, in every bucket of backups: the format, and a program that reads it.

Written in ``docs/``; ``make map`` copies them into this package.
"""

from __future__ import annotations

from typing import Final

import google_crc32c

from toban.kernel.templates import source
from toban.ports.backup import Bucket, DeleteBlocked, ObjectInfo

FOLDER: Final = "toban-backup-format-1/"
FILES: Final = {
    "README.md": "backup-format.md",
    "README.ja.md": "backup-format.ja.md",
    "read_backup.py": "read_backup.py.txt",
}
"""Their names in a bucket, and in this package."""


def leave_instructions(bucket: Bucket) -> None:
    """Have this release's instructions in the bucket, unless a lock keeps others; raises `Unavailable`."""
    texts = {FOLDER + name: source(__package__, at).encode() for name, at in FILES.items()}
    for name, text in texts.items():
        there = bucket.stat(name)
        if _is(there, text):
            continue
        try:
            if there is not None:
                bucket.delete(name)
        except DeleteBlocked:
            continue
        bucket.create(name, text, "text/plain; charset=utf-8")


def _is(info: ObjectInfo | None, text: bytes) -> bool:
    return info is not None and (info.size, info.crc32c) == (len(text), google_crc32c.value(text))
