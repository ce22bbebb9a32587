"""How long a document is kept, and what an instance remembers of those that rarely change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import pytest

from toban.kernel.document import CLASSES, Document, Keep, decode, encode, expiry
from toban.kernel.documents import Cache
from toban.ports import Key
from toban.testing import NOON

DAY = timedelta(days=1)


class Slip(Document, kw_only=True):
    """Kept for ten days; `held` by another document, where it says so."""

    KEEP: ClassVar[Keep | None] = Keep.days(10, "after it was handed in", "提出してから")

    handed_in: datetime | None = None
    held: bool = False

    def over_since(self) -> datetime | None:
        return self.handed_in

    def holders(self) -> Sequence[Key]:
        return (Key("books", "b"),) if self.held else ()


class Forever(Slip, kw_only=True):
    KEEP: ClassVar[Keep | None] = Keep.always("it is the list")


class Unsaid(Slip, kw_only=True):
    KEEP: ClassVar[Keep | None] = None


def test_a_life_is_said_in_days_and_in_both_languages():
    assert Keep.days(10, "after", "後") == Keep(timedelta(days=10), "after", "後")
    assert Keep.always("it is there") == Keep(None, "it is there", "")


@pytest.mark.parametrize(
    ("document", "removed"),
    [
        (Slip(id="a", handed_in=NOON), NOON + 10 * DAY),
        (Slip(id="a"), None),
        (Forever(id="a", handed_in=NOON), None),
        (Unsaid(id="a", handed_in=NOON), None),
        (Slip(id="a", handed_in=NOON, expires_at=NOON + 20 * DAY), NOON + 10 * DAY),
        (Slip(id="a", handed_in=NOON, expires_at=NOON + 20 * DAY, held=True), NOON + 20 * DAY),
        (Slip(id="a", handed_in=NOON, expires_at=NOON + 2 * DAY, held=True), NOON + 10 * DAY),
        (Slip(id="a", handed_in=NOON, held=True), NOON + 10 * DAY),
    ],
)
def test_a_document_is_removed_so_long_after_it_is_over_and_later_where_it_is_held(
    document, removed
):
    assert expiry(document) == removed
    stored = encode(document)
    assert stored.get("expires_at") == removed
    assert ("expires_at" in stored) is (removed is not None)
    assert decode(type(document), stored) == document


def test_a_class_without_a_collection_is_in_no_list():
    assert not {Slip, Forever, Unsaid} & set(CLASSES.values())


def test_what_is_remembered_is_as_old_as_was_allowed_and_no_older():
    cache, loaded = Cache(), iter(range(99))

    def load() -> int:
        return next(loaded)

    assert cache.get("a", NOON, DAY, load) == 0
    assert cache.get("a", NOON + DAY, DAY, load) == 0
    # Also what was read while the clock was ahead.
    assert cache.get("a", NOON - DAY, DAY, load) == 0
    assert cache.get("a", NOON + DAY + timedelta.resolution, DAY, load) == 1
    assert cache.get("a", NOON - timedelta.resolution, DAY, load) == 2
    assert cache.get("a", NOON + 999 * DAY, None, load) == 2
    assert cache.get("b", NOON, None, load) == 3
    cache.clear()
    assert cache.get("a", NOON, None, load) == 4


def test_that_nothing_was_there_is_not_remembered():
    cache = Cache()
    assert cache.get("a", NOON, None, lambda: None) is None
    assert cache.get("a", NOON, None, lambda: 0) == 0
    assert cache.get("a", NOON, None, lambda: 1) == 0


def test_a_key_is_new_once():
    cache = Cache()
    a, b = Key("slips", "a"), Key("slips", "b")
    assert [cache.seen(key) for key in (a, b, a, b)] == [False, False, True, True]
    cache.clear()
    assert cache.seen(a), "only references are forgotten"
