"""How a key is taken away that something needs, or what is read with it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

from tests.simulation.mutants import Mutant
from toban.backups.catalogue import reading
from toban.backups.watching import survey
from toban.backups.work import replicate, verify
from toban.ports.backup import Damaged


def doubts_are_no_reason() -> AbstractContextManager[Any]:
    """What could not be read, or is still being written, needs no key."""
    sound = survey.not_needed

    def not_needed(known: Any, present: Any, seen: Any, _: object) -> Any:
        return sound(known, present, seen, ())

    return mock.patch.object(survey, "not_needed", not_needed)


def one_region_is_enough() -> AbstractContextManager[Any]:
    """What the first region holds is taken for what all of them hold."""
    sound = survey.buckets_of

    def buckets_of(*args: Any) -> list[str]:
        return sound(*args)[:1]

    return mock.patch.object(survey, "buckets_of", buckets_of)


@contextmanager
def only_the_key_of_the_catalogue() -> Iterator[None]:
    """A copy under another key than the catalogue says is damaged, as before keys were rotated."""
    sound = reading.open_copy

    def open_copy(opener: Any, backup: Any, bucket: str, key: str) -> Any:
        opened = sound(opener, backup, bucket, key)
        if opened.manifest.key is not None and opened.manifest.key.key_id != backup.key_id:
            raise Damaged(f"{backup.id}: is under another key than the catalogue says")
        return opened

    with (
        mock.patch.object(verify, "open_copy", open_copy),
        mock.patch.object(replicate, "open_copy", open_copy),
    ):
        yield


MUTANTS = (
    Mutant(
        "doubts are no reason", "a region that was away needs the key", doubts_are_no_reason, seed=3
    ),
    Mutant("one region is enough", "a copy elsewhere needs the key", one_region_is_enough, seed=4),
    Mutant(
        "only the catalogue's key",
        "what was wrapped anew is damaged",
        only_the_key_of_the_catalogue,
        seed=4,
    ),
)
