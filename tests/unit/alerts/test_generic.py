"""Our own format as events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.payloads import generic
from tests.security.desk import KEY, NOW, Desk, authentic
from toban.events import AlertFired, AlertReport, AlertResolved
from toban.kernel.edge.signed import signature as generic_signature

PATH = "/generic"


def report(body: object) -> AlertReport:
    (event,) = Desk().events(PATH, body)
    assert isinstance(event.body, AlertReport)
    return event.body


def test_an_object_becomes_an_event():
    fired = report(
        generic(
            summary="Two hours late.",
            value=7,
            fingerprint="export/nightly",
            links=[{"title": "Run", "url": "https://jobs.example.com/1"}],
        )
    )
    assert isinstance(fired, AlertFired)
    assert fired.rule == "nightly-export"
    assert fired.title == "The nightly export has not finished"
    assert fired.starts_at == datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    assert fired.dated
    assert fired.value == "7"
    assert fired.labels == {"source": "generic", "job": "export", "host": "batch-1"}
    assert fired.links[0].url == "https://jobs.example.com/1"


def test_an_array_becomes_several():
    events = Desk().events(PATH, [generic(), generic("resolved", rule="another")])
    assert [type(event.body) for event in events] == [AlertFired, AlertResolved]


def test_without_a_fingerprint_rule_and_labels_make_it():
    assert report(generic()).fingerprint == report(generic("resolved", title="Done")).fingerprint
    assert report(generic()).fingerprint != report(generic(rule="other")).fingerprint
    assert report(generic()).fingerprint != report(generic(labels={"job": "export"})).fingerprint


def test_without_a_start_the_time_of_signing_stands_in_so_a_replay_is_the_same_event():
    desk = Desk()
    body = generic()
    del body["starts_at"]
    request = authentic(PATH, body)
    desk.send(request)
    desk.clock.advance(timedelta(seconds=100))
    desk.send(request)
    first, replayed = desk.published
    assert first.body.starts_at == NOW
    assert not first.body.dated
    assert first.id == replayed.id


def test_the_senders_id_tells_two_equal_reports_apart():
    desk = Desk()
    (one,) = desk.events(PATH, generic(id="run-1"))
    (again,) = desk.events(PATH, generic(id="run-1"))
    (two,) = desk.events(PATH, generic(id="run-2"))
    assert one.id == again.id != two.id


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({**generic(), "severty": "x"}, "severty: unknown key (did you mean severity?)"),
        ({**generic(), "Status": "firing"}, "Status: unknown key (did you mean status?)"),
        ([generic(), {**generic(), "zzz": 1}], "[1].zzz: unknown key"),
        ({"rule": "r", "status": "firing"}, "title: is missing"),
        ({**generic(), "title": 5}, "title: expected a string, got a number"),
        ({**generic(), "title": "  "}, "title: expected a string that is not empty"),
        (generic("on"), "status: expected firing or resolved"),
        (generic(starts_at="2026-11-22"), "starts_at: expected an RFC 3339 time"),
        (generic(starts_at=1795316400), "starts_at: expected an RFC 3339 time"),
        (generic(links=[{"url": "https://a.example", "name": "A"}]), "links[0].name: unknown key"),
        (generic(labels={"a": {"b": 1}}), "labels.a: expected a string, got an object"),
        ("text", "body: expected an object, got a string"),
        ([[]], "[0]: expected an object, got an array"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(body, told):
    desk = Desk()
    response = desk.post(PATH, body)
    assert response.status == 400
    assert told in response.body.decode()
    assert desk.published == []


def test_the_signature_is_the_one_in_the_documentation():
    # The example of docs/ingress.md: openssl dgst -sha256 -hmac "$KEY" gives the same.
    assert (
        generic_signature(KEY, 1795316430, b'{"rule":"r","title":"t","status":"firing"}')
        == "t=1795316430,v1=e3e78394e8d74ced83bf6d41c02c6c0e592d13a1a9559c8d8d32e00f106ea421"
    )
