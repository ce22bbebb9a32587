"""Alertmanager's notifications as events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests import payloads
from tests.payloads import alert, alertmanager
from tests.security.desk import Desk, logged
from toban.events import AlertFired, AlertReport, AlertResolved

PATH = "/alertmanager"


def reports(body: object, **query: str) -> list[AlertReport]:
    bodies = [event.body for event in Desk().events(PATH, body, query)]
    return [body for body in bodies if isinstance(body, AlertReport)]


def test_an_alert_becomes_an_event():
    (fired,) = reports(alertmanager(alert(fingerprint="53d349aa10f8c390")))
    assert isinstance(fired, AlertFired)
    assert fired.fingerprint == "53d349aa10f8c390"
    assert fired.rule == "HighErrorRate"
    assert fired.title == "5% of requests fail"
    assert fired.summary == "web-1:9100 answers 5xx"
    assert fired.severity == "critical"
    assert fired.starts_at == datetime(2026, 11, 22, 3, 0, 0, 125000, tzinfo=UTC)
    assert fired.ends_at is None
    assert fired.labels == {
        "source": "alertmanager",
        "alertname": "HighErrorRate",
        "cluster": "tokyo",
        "instance": "web-1:9100",
        "severity": "critical",
    }
    assert [link.title for link in fired.links] == ["Runbook", "Prometheus", "Alertmanager"]


def test_a_partly_resolved_group_yields_both_kinds():
    resolved, fired = reports(alertmanager(alert("a:1", "resolved"), alert("b:1")))
    assert isinstance(resolved, AlertResolved)
    assert resolved.ends_at == datetime(2026, 11, 22, 3, 12, 30, 500000, tzinfo=UTC)
    assert isinstance(fired, AlertFired)


def test_firing_and_resolved_have_one_fingerprint_and_one_start():
    (fired,) = reports(alertmanager(alert()))
    (resolved,) = reports(alertmanager(alert(status="resolved")))
    assert (fired.fingerprint, fired.starts_at) == (resolved.fingerprint, resolved.starts_at)


def test_without_a_fingerprint_all_labels_and_nothing_else_make_it():
    (one,) = reports(alertmanager(alert(fingerprint="", summary="5%")))
    (same,) = reports(alertmanager(alert(fingerprint="", summary="7%")))
    turned = alert(fingerprint="")
    turned["labels"] = dict(reversed(turned["labels"].items()))
    (in_other_order,) = reports(alertmanager(turned))
    (other,) = reports(alertmanager(alert(fingerprint="", labels={"job": "web"})))
    assert one.fingerprint == same.fingerprint == in_other_order.fingerprint
    assert one.fingerprint != other.fingerprint


def test_nanoseconds_and_offsets_name_the_same_moment():
    (utc,) = reports(alertmanager(alert(starts_at="2026-11-22T03:00:00.123456Z")))
    (tokyo,) = reports(alertmanager(alert(starts_at="2026-11-22T12:00:00.123456123+09:00")))
    assert utc.starts_at == tokyo.starts_at
    assert tokyo.starts_at.utcoffset() == timedelta(0)


def test_a_thousand_alerts_are_one_call_to_the_bus():
    desk = Desk()
    many = [alert(f"web-{n}:9100", fingerprint=f"{n:016x}") for n in range(1000)]
    assert len(desk.events(PATH, alertmanager(*many))) == 1000
    assert desk.calls == 1


def test_an_alert_listed_twice_is_one_event():
    assert len(reports(alertmanager(alert(), alert()))) == 1


def test_alerts_that_were_left_out_are_told():
    desk = Desk()
    with logged() as lines:
        response = desk.post(PATH, alertmanager(truncatedAlerts=12))
    assert b'"truncated":12' in response.body
    assert "alerts left out by sender" in lines.getvalue()


def test_a_group_without_alerts_is_accepted_and_publishes_nothing():
    desk = Desk()
    assert desk.events(PATH, alertmanager(alerts=[])) == []
    assert desk.calls == 0


def test_labels_of_ours_do_not_hide_the_senders():
    (fired,) = reports(
        alertmanager(alert(labels={"source": "blackbox", "service": "web"})),
        service="tokyo-ai-chat",
    )
    assert fired.labels["source"] == "alertmanager"
    assert fired.labels["sender_source"] == "blackbox"
    assert fired.labels["service"] == "tokyo-ai-chat"
    assert fired.labels["sender_service"] == "web"


def test_an_alert_without_name_and_annotations_still_has_a_title():
    nameless = alert(severity=None)
    del nameless["labels"]["alertname"], nameless["annotations"]
    (fired,) = reports(alertmanager(nameless))
    assert (fired.title, fired.rule, fired.severity) == ("unnamed alert", "unnamed alert", "")


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        ("2027-11-22T03:00:00Z", "0001-01-01T00:00:00Z"),
        ("2026-11-22T03:00:00Z", "2026-11-22T02:00:00Z"),
    ],
)
def test_times_that_cannot_be_right_are_accepted_and_logged(starts_at, ends_at):
    desk = Desk()
    status = "firing" if ends_at.startswith("0001") else "resolved"
    with logged() as lines:
        desk.events(PATH, alertmanager(alert(status=status, starts_at=starts_at, ends_at=ends_at)))
    assert "alert times implausible" in lines.getvalue()


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"alerts": None}, "alerts: expected an array, got null"),
        ({"alerts": [7]}, "alerts[0]: expected an object, got a number"),
        ({"alerts": [alert(), {"status": "on"}]}, "alerts[1].status: expected"),
        ({"alerts": [alert(starts_at="noon")]}, "alerts[0].startsAt: expected an RFC 3339 time"),
        ({"alerts": [alert(starts_at="2026-11-22T03:00:00")]}, "the offset is missing"),
        ({"alerts": [{**alert(), "labels": []}]}, "alerts[0].labels: expected an object"),
        ({"alerts": [{**alert(), "fingerprint": 5}]}, "alerts[0].fingerprint: expected a string"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(broken, told):
    desk = Desk()
    response = desk.post(PATH, payloads.alertmanager(**broken))
    assert response.status == 400
    assert told in response.body.decode()
    assert desk.published == []
