"""What an incident takes over of a report, and how much of it."""

from __future__ import annotations

import pytest

from tests.unit.incidents.world import fired
from toban.incidents.opening.identity import alert_id
from toban.incidents.opening.reported import MAX_LABELS_BYTES, first_labels, summary_of
from toban.kernel.ids import derive


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


def test_the_id_of_an_alert_is_what_it_always_was():
    """Stored alerts are found by it."""
    report = fired("f-1", source="grafana", labels={"service": "shop"})
    ids = {
        ("production", ""): derive("alert", "grafana", "shop", "f-1"),
        ("staging", ""): derive("alert", "grafana", "shop", "f-1", "staging"),
        ("production", "toko"): derive("alert", "grafana", "shop", "f-1", "service/toko"),
        ("staging", "toko"): derive("alert", "grafana", "shop", "f-1", "staging", "service/toko"),
    }
    for (environment, service), id in ids.items():
        assert alert_id(report, environment, service) == id
    assert alert_id(report) == ids["production", ""]
    assert len(set(ids.values())) == 4
    bare = fired("f-1", source="grafana", labels={})
    assert alert_id(bare) == derive("alert", "grafana", "", "f-1")
