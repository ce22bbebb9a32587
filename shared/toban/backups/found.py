"""A backup as a restore finds it: no better than what it builds on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from toban.backups.documents import JUDGED, Backup, Copy, CopyState, settle
from toban.backups.policy.copies import copy_in, unreadable

_WORSE: Final[tuple[CopyState, ...]] = ("damaged", "missing", "unreadable", "unread")
"""What a copy may be but proven, the worst first."""


def as_found(backup: Backup, bases: Mapping[str, Backup]) -> Backup:
    """
    Return a backup as a restore finds it: where something that it builds on is not whole, its own
    copy is no use either, and says why.

    `bases`: as of `restorable`. This is what people and scripts are shown, and what counts as a
    restore point. What is stored of a copy stays a fact about that one alone, so that a base
    which is mended mends everything that builds on it.
    """
    copies = [_as_found(copy, backup, bases) for copy in backup.copies]
    if backup.status not in JUDGED or copies == backup.copies:
        return backup
    found = msgspec.structs.replace(backup, copies=copies)
    settle(found)
    return found


def _as_found(copy: Copy, backup: Backup, bases: Mapping[str, Backup]) -> Copy:
    if not copy.manifest:
        return copy
    states: dict[CopyState, str] = {}
    for id in backup.needs:
        base = bases.get(id)
        there = copy_in(base, copy.bucket) if base is not None else None
        states.setdefault(there.state if there is not None else "missing", id)
    worst = next((state for state in _WORSE if state in states), None)
    if worst is None:
        return copy
    return unreadable(copy, f"{copy.bucket}: it builds on {states[worst]}, which is {worst} there")
