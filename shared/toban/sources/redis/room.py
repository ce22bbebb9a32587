"""How much a Redis can take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from toban.ports.backup import Room
from toban.sources.redis import resp


def room_of(
    server: resp.Connection, recorded: Mapping[str, Sequence[str]], *, emptied: bool
) -> Room:
    """
    Return what its ``maxmemory`` leaves; `recorded`: beside the dump, `emptied`: its own data go first.

    Nothing where it has none: what its machine has free no Redis tells.
    """
    size = "".join(recorded.get("bytes", ()))
    needed = int(size) if size.isdigit() else None
    try:
        info = server.info("memory")
    except resp.ReplyError:  # the user may not ask
        return Room(None, needed=needed)
    limit, used = _number(info, "maxmemory"), _number(info, "used_memory")
    if not limit:
        return Room(None, needed=needed)
    if emptied:
        used -= _number(info, "used_memory_dataset")
    policy = info.get("maxmemory_policy", "noeviction")
    return Room(max(limit - used, 0), f"maxmemory, {policy}", needed)


def _number(info: Mapping[str, str], name: str) -> int:
    value = info.get(name, "")
    return int(value) if value.isdigit() else 0
