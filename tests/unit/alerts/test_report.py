"""Ids, limits and the cleaning of text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.payloads import alert, alertmanager, cloud_monitoring, generic
from tests.security.desk import Desk
from toban.alerts import text
from toban.alerts.report import fingerprint, fingerprint_of_labels
from toban.kernel.event import to_message

STARTED = datetime.fromtimestamp(cloud_monitoring()["incident"]["started_at"], UTC)


def event(path: str, body: object, **query: str):
    (found,) = Desk().events(path, body, query)
    return found


def test_the_same_report_later_is_the_same_event_byte_for_byte():
    desk = Desk()
    desk.clock.set(STARTED + timedelta(minutes=1))
    (first,) = desk.events("/cloud-monitoring", cloud_monitoring())
    desk.clock.advance(480)
    (later,) = desk.events("/cloud-monitoring", cloud_monitoring())
    assert later.id == first.id
    assert later.time != first.time
    assert to_message(later).data == to_message(first).data


def test_one_that_says_after_ten_minutes_that_it_still_fires_is_heard_of():
    desk = Desk()
    seen = set()
    for minute in range(60):
        desk.clock.set(STARTED + timedelta(minutes=minute))
        (again,) = desk.events("/cloud-monitoring", cloud_monitoring())
        seen.add(again.id)
    assert len(seen) == 6


def test_that_it_is_over_is_the_same_event_whenever_it_is_said():
    desk = Desk()
    (first,) = desk.events("/cloud-monitoring", cloud_monitoring(state="closed"))
    desk.clock.advance(86_400)
    (later,) = desk.events("/cloud-monitoring", cloud_monitoring(state="closed"))
    assert later.id == first.id


def test_alertmanager_tells_the_present_so_the_same_words_later_are_news():
    """It fires, is over, and fires again with the start that Alertmanager has merged it to."""
    desk = Desk()
    (first,) = desk.events("/alertmanager", alertmanager())
    (at_once,) = desk.events("/alertmanager", alertmanager())
    desk.clock.advance(30)
    (later,) = desk.events("/alertmanager", alertmanager())
    assert at_once.id == first.id != later.id
    assert later.body == first.body


@pytest.mark.parametrize(
    "other",
    [
        cloud_monitoring("closed"),
        cloud_monitoring(value="2.9"),
        cloud_monitoring(severity="Warning"),
        cloud_monitoring(incident_id="0.other"),
        cloud_monitoring(started_at=1795316401),
    ],
)
def test_a_report_that_differs_is_another_event(other):
    assert event("/cloud-monitoring", other).id != event("/cloud-monitoring", cloud_monitoring()).id


def test_the_service_hint_is_part_of_the_id():
    plain = event("/alertmanager", alertmanager())
    hinted = event("/alertmanager", alertmanager(), service="tokyo-ai-chat")
    assert plain.id != hinted.id


def test_the_envelope_names_the_ingress_and_begins_the_chain():
    found = event("/alertmanager", alertmanager())
    assert found.source == "/ingress/alertmanager"
    assert found.correlation_id == found.id
    assert found.causation_id == ""
    assert found.subject == f"alerts/alertmanager/{found.body.fingerprint}"


@pytest.mark.parametrize(
    "raw", ["..", "/", "__x__", "a/b", "x" * 1600, "é", "a\nb", "", " ", "-x", "a" * 101]
)
def test_a_fingerprint_that_could_hurt_is_hashed(raw):
    assert fingerprint(raw) != raw
    assert fingerprint(raw).isalnum()
    assert fingerprint(raw) == fingerprint(raw)


@pytest.mark.parametrize("raw", ["0.n7k2mpr4xq1c", "53d349aa10f8c390", "a:b_c-d"])
def test_a_harmless_fingerprint_stays_readable(raw):
    assert fingerprint(raw) == raw


def test_labels_cannot_be_shifted_into_one_another():
    assert fingerprint_of_labels([("a", "bc")]) != fingerprint_of_labels([("ab", "c")])
    assert fingerprint_of_labels([], "a", "b") != fingerprint_of_labels([("a", "b")])


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("a\x00b", "ab"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("tab\tkept", "tab\tkept"),
        ("pay\u202efdp.exe", "payfdp.exe"),
        ("a\u200bb\u2066c\ufeff", "abc"),
        ("家族👨\u200d👩\u200d👧", "家族👨\u200d👩\u200d👧"),
    ],
)
def test_what_can_deceive_is_removed(dirty, clean):
    assert text.block(dirty) == clean


def test_what_is_too_long_is_cut_and_shows_it():
    assert text.line("x" * 301) == "x" * 299 + "…"
    assert text.line("x" * 300) == "x" * 300
    assert len(text.block("行\n" * 4000)) <= 3000


@given(st.text(max_size=400))
def test_a_line_is_one_line_and_cleaning_it_again_changes_nothing(anything):
    once = text.line(anything)
    assert len(once.splitlines()) <= 1
    assert text.line(once) == once


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "ftp://a.example", "https://a b", "https://" + "x" * 2000, "//a"],
)
def test_only_web_addresses_become_links(address):
    found = event("/generic", generic(links=[{"title": "x", "url": address}]))
    assert found.body.links == []


def test_the_largest_report_still_fits_a_message():
    labels = {f"ラベル{n:03d}" + "鍵" * 200: "値" * 1000 for n in range(100)}
    found = event(
        "/generic",
        generic(
            title="題" * 5000,
            summary='"\\' * 90_000,
            labels=labels,
            links=[
                {"title": "t" * 500, "url": f"https://a.example/{n}" + "x" * 1900}
                for n in range(40)
            ],
        ),
        service="tokyo-ai-chat",
    )
    message = to_message(found)
    assert len(message.data) <= 60_000
    assert found.body.labels["service"] == "tokyo-ai-chat"
    assert found.body.title.endswith("…")
    assert all(len(v.encode()) <= 1024 for v in message.attributes.values())


def test_there_are_64_labels_at_most_and_ours_are_among_them():
    many = {f"l{n}": str(n) for n in range(100)}
    found = event("/alertmanager", alertmanager(alert(labels=many)))
    assert len(found.body.labels) == 64
    assert found.body.labels["source"] == "alertmanager"


def test_attributes_stay_ascii_whatever_is_sent():
    found = event("/generic", generic(fingerprint="日本\r\nce-id: forged"))
    assert all(v.isascii() and v.isprintable() for v in to_message(found).attributes.values())
    assert msgspec.json.decode(to_message(found).data)["rule"] == "nightly-export"
