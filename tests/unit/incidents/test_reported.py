"""What an incident takes over of a report, and how much of it."""

from __future__ import annotations

import pytest

from tests.unit.incidents.world import fired
from toban.incidents.opening.reported import MAX_LABELS_BYTES, first_labels, summary_of


@pytest.mark.parametrize("more", [0, 1])
def test_labels_are_taken_in_their_order_up_to_a_size(more):
    assert MAX_LABELS_BYTES == 12_000
    first = "x" * (12_000 - len("a") - len("b") - 3 + more)
    labels = {"a": first, "b": "時", "c": "too much", "d": ""}
    kept = {"a": first} if more else {"a": first, "b": "時"}
    assert first_labels(labels) == kept
    assert first_labels({}) == {}
    assert first_labels({"a": "b"}) == {"a": "b"}


@pytest.mark.parametrize("more", [0, 1])
def test_a_summary_that_is_too_long_is_cut_with_a_mark(more):
    from toban.incidents.opening.reported import MAX_SUMMARY

    said = "s" * (MAX_SUMMARY - 2) + " " + "t" * (1 + more)
    shown = summary_of(fired(summary=said))
    assert shown == (said if not more else "s" * (MAX_SUMMARY - 2) + "…")
    assert summary_of(fired(summary="short")) == "short"
