"""How fast a Firestore in the cloud may be loaded."""

from __future__ import annotations

import pytest

from toban.adapters.sources import firestore_stream
from toban.adapters.sources.firestore_restore import allowed_per_second


@pytest.mark.parametrize(
    ("elapsed", "allowed"),
    [(-5, 500), (0, 500), (299.9, 500), (300, 750), (599, 750), (600, 1125), (1200, 2531)],
)
def test_writes_follow_the_500_50_5_rule(elapsed, allowed):
    assert allowed_per_second(elapsed) == allowed


def test_ten_minutes_allow_375_thousand_documents():
    assert sum(allowed_per_second(second) for second in range(600)) == 375_000


def test_names_sort_as_firestore_sorts_them():
    ordered = [
        "b/\uff5e", "b/\U0001f600", "c/__id-3__", "c/__id7__", "c/__id10__", "c/!", "c/10", "c/9",
        "c/a", "c/a/b/c", "c/a b", "c/a-", "c/\ue000", "c /q", "c!/1",
    ]  # fmt: skip
    assert sorted([*ordered[7:], *ordered[:7]], key=firestore_stream.order) == ordered
