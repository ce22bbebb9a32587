"""Defects that only this harness may find: each has to be caught (see `mutants` for the others)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any
from unittest import mock

from tests.simulation import mutants
from toban.adapters.local.sqlite.database import Transaction
from toban.adapters.local.sqlite.queue import Claim, SqliteBus
from toban.adapters.local.sqlite.store import SqliteStore
from toban.kernel.handling.receipt import Receipt
from toban.ports import Key, Snapshot, Write


@dataclass(frozen=True)
class Defect:
    """A defect, and where to die for it to show (the end of the name of a point)."""

    name: str
    shows: str
    apply: Callable[[], AbstractContextManager[Any]]


def receipts_not_found() -> AbstractContextManager[Any]:
    """Nobody finds a receipt, and nobody minds that one is there."""
    original_get, original_commit = SqliteStore.get, SqliteStore.commit

    def get(self: SqliteStore, keys: Sequence[Key]) -> list[Snapshot | None]:
        found = original_get(self, keys)
        return [
            None if key.collection == Receipt.COLLECTION else s
            for key, s in zip(keys, found, strict=True)
        ]

    def commit(self: SqliteStore, writes: Sequence[Write]) -> list[str]:
        kept = [
            w
            for w in writes
            if w.key.collection != Receipt.COLLECTION or original_get(self, [w.key]) == [None]
        ]
        return original_commit(self, kept)

    return mock.patch.multiple(SqliteStore, get=get, commit=commit)


def acknowledged_first() -> AbstractContextManager[Any]:
    """A message is deleted when it is handed over."""
    original = SqliteBus._claim

    def claim(self: SqliteBus, transaction: Transaction, *rest: Any) -> Claim | None:
        taken = original(self, transaction, *rest)
        if taken is not None:
            transaction.execute("DELETE FROM messages WHERE seq = ?", (taken.seq,))
        return taken

    return mock.patch.object(SqliteBus, "_claim", claim)


def published_unsaved() -> AbstractContextManager[Any]:
    """Publications are kept in this process until something else is published."""
    original = SqliteBus.publish
    waiting: list[Any] = []

    def publish(self: SqliteBus, messages: Sequence[Any]) -> None:
        waiting.extend(messages)
        original(self, [waiting.pop(0) for _ in range(len(waiting) - 1)])

    real_take = SqliteBus.claim

    def claim(self: SqliteBus, *rest: Any) -> Claim | None:
        if waiting:
            original(self, [waiting.pop() for _ in list(waiting)])
        return real_take(self, *rest)

    return mock.patch.multiple(SqliteBus, publish=publish, claim=claim)


DEFECTS = {
    defect.name: defect
    for defect in (
        Defect("", "", nullcontext),
        Defect("receipts not found", "commit after", receipts_not_found),
        Defect("nothing published again", "commit after", mutants.no_republish),
        Defect("a repetition that does not say so", "send after", mutants.unknown_forgotten),
        Defect("acknowledged before it is handled", "get before", acknowledged_first),
        Defect(
            "published before it is on disk", "minute.passed.v1 commit after", published_unsaved
        ),
    )
}
