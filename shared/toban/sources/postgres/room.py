"""
How much a server of PostgreSQL can take.

No function of the server tells what its disk has free, for no role; a program started by it would
(``COPY … FROM PROGRAM``), and a plan runs none. Where the server is this machine's, the file system of its data
directory is looked at.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from toban.ports.backup import Room, TargetFailed
from toban.sources.postgres.loading.databases import Databases

_HERE = "postgres://localhost"
"""How every server of this machine begins (`toban.sources.postgres.server.Server.identity`)."""


def room_of(databases: Databases, recorded: Mapping[str, Sequence[str]]) -> Room:
    """
    Return what is free where the server keeps its databases; `recorded`: beside the dump.

    Nothing where it is another machine's, or its data directory is not told (which takes
    ``pg_read_all_settings``) or not to be seen from here (a container).
    """
    size = "".join(recorded.get("bytes", ()))
    needed = int(size) if size.isdigit() else None
    if not databases.server.identity("").startswith(_HERE):
        return Room(None, needed=needed)
    try:
        (directory,) = databases.ask("select current_setting('data_directory')")
        free = shutil.disk_usage(Path(directory)).free
    except (TargetFailed, OSError, ValueError):
        return Room(None, needed=needed)
    return Room(free, directory, needed)
