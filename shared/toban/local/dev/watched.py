"""
The files of a directory of profiles, looked at for changes.

By their times and sizes, some dozens of calls a second at most: no library that would have to know
this system's way of telling it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from toban.sections.load import is_profile
from toban.sections.teams import directory_for

Stamps: TypeAlias = Mapping[str, tuple[int, int, int]]
"""Path → when it was changed (ns), its size, its inode."""


class WatchedProfiles:
    """The profiles of a directory and the team files beside it, as they were last taken."""

    def __init__(self, directory: Path) -> None:
        """What is there now counts as taken: make it before reading the files."""
        self.directory = directory
        self._taken = self._seen = self._stamps()

    def changed(self) -> bool:
        """
        Return whether something has changed since it was last taken, and rests.

        What differs from the look before is still being written: the next look tells.
        """
        now = self._stamps()
        rests, self._seen = now == self._seen, now
        return rests and now != self._taken

    def take(self) -> None:
        """Let what was seen at the last look count as taken."""
        self._taken = self._seen

    def _stamps(self) -> Stamps:
        teams = directory_for(self.directory / "any.yaml")
        found: dict[str, tuple[int, int, int]] = {}
        for folder in (self.directory, teams):
            try:
                with os.scandir(folder) as entries:
                    found |= {e.path: _stamp(e) for e in entries if is_profile(e.name)}
            except OSError:
                continue  # gone for now: reading will say so
        return found


def _stamp(entry: os.DirEntry[str]) -> tuple[int, int, int]:
    try:
        status = entry.stat()
    except OSError:  # removed since, or a link to nowhere
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)
