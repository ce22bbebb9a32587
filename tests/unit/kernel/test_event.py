"""Events as they travel: CloudEvents attributes and a JSON body."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.kernel.world import NOON, cause
from toban.events import AlertFired
from toban.kernel.errors import InvalidEvent, UnknownVersion
from toban.kernel.event import Event, StoredMessage, from_message, timestamp, to_message
from toban.ports import Message

FULL = cause(
    subject="incidents/inc-1",
    correlation_id="evt-0",
    causation_id="evt-0",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)


def changed(event: Event = FULL, data: bytes | None = None, **attributes: str | None) -> Message:
    """The event's message with attributes replaced or (None) removed."""
    message = to_message(event)
    merged = {**message.attributes, **{k.replace("_", "-"): v for k, v in attributes.items()}}
    kept = {name: value for name, value in merged.items() if value is not None}
    return replace(message, attributes=kept, data=message.data if data is None else data)


def test_an_event_comes_back_as_it_was_sent():
    assert from_message(to_message(FULL)) == FULL


@given(st.text(), st.text(), st.dictionaries(st.text(), st.text()), st.datetimes())
def test_whatever_an_alert_says_survives_the_journey(title, summary, labels, moment):
    body = AlertFired(
        source="generic",
        fingerprint="f",
        rule="r",
        title=title,
        summary=summary,
        labels=labels,
        starts_at=moment.replace(tzinfo=UTC),
    )
    event = Event(id="e", source="/s", time=NOON, body=body, correlation_id="e")
    assert from_message(to_message(event)) == event


def test_it_travels_as_cloudevents_attributes_on_its_own_topic():
    message = to_message(FULL)
    assert message.topic == "postmortem-drafted"
    assert message.attributes == {
        "ce-specversion": "1.0",
        "ce-id": "evt-1",
        "ce-type": "toban.postmortem.drafted.v1",
        "ce-source": "/test",
        "ce-time": "2026-11-24T03:00:00.000000Z",
        "ce-subject": "incidents/inc-1",
        "ce-correlationid": "evt-0",
        "ce-causationid": "evt-0",
        "traceparent": FULL.traceparent,
        "content-type": "application/json",
    }
    assert message.data == (
        b'{"incident_id":"inc-1","blob":"draft.md","at":"2026-11-24T03:00:00Z",'
        b'"environment":"production"}'
    )


def test_what_is_empty_is_no_attribute():
    assert set(to_message(cause()).attributes) == {
        "ce-specversion",
        "ce-id",
        "ce-type",
        "ce-source",
        "ce-time",
        "content-type",
    }


def test_the_first_event_of_a_chain_gives_the_chain_its_name():
    assert from_message(to_message(cause())).correlation_id == "evt-1"


def test_a_newer_producer_may_add_fields_and_attributes():
    data = b'{"incident_id":"inc-1","blob":"draft.md","at":"2026-11-24T03:00:00Z","more":1}'
    assert from_message(changed(data=data, ce_priority="high")).body == FULL.body


def test_every_missing_attribute_is_named_at_once():
    with pytest.raises(InvalidEvent, match="no ce-id, ce-source among"):
        from_message(changed(ce_id=None, ce_source=""))


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b'{"blob":"b","at":"2026-11-24T03:00:00Z"}', "incident_id"),
        (b'{"incident_id":1,"blob":"b","at":"2026-11-24T03:00:00Z"}', r"\$\.incident_id"),
        (b'{"incident_id":"i","blob":"b","at":"2026-11-24T03:00:00"}', r"\$\.at"),
        (b"{", "does not fit toban.postmortem.drafted.v1"),
        (b"", "does not fit"),
        (b'{"blob":"\xff"}', "does not fit"),
    ],
)
def test_a_body_that_does_not_fit_says_where(data, where):
    with pytest.raises(InvalidEvent, match=where):
        from_message(changed(data=data))


def test_a_later_version_waits_and_an_unknown_type_does_not():
    for later in ("toban.postmortem.drafted.v2", "toban.verification.step-due.v10"):
        with pytest.raises(UnknownVersion):
            from_message(changed(ce_type=later))
    for strange in (
        "toban.postmortem.drafted.v0",
        "toban.postmortem.drafted.v²",
        "toban.postmortem.drafted.v" + "9" * 5000,
        "toban.postmortem.burnt.v2",
        "com.example.v2",
        "v2",
    ):
        with pytest.raises(InvalidEvent, match="not known here"):
            from_message(changed(ce_type=strange))


@pytest.mark.parametrize("version", [None, "0.3", "1.1", "1"])
def test_another_version_of_the_envelope_is_not_read(version):
    with pytest.raises(InvalidEvent, match=r"^ce-specversion .*, expected '1\.0'$"):
        from_message(changed(ce_specversion=version))


@pytest.mark.parametrize(("length", "kept"), [(250, True), (251, False)])
def test_what_is_too_long_for_an_attribute_is_left_out_and_no_id(length, kept):
    long = "é" * (length // 2) + "x" * (length % 2)
    found = from_message(changed(ce_correlationid=long, ce_causationid=long, traceparent=long))
    assert (found.causation_id, found.traceparent) == ((long, long) if kept else ("", ""))
    assert found.correlation_id == (long if kept else "evt-1")
    if kept:
        assert from_message(changed(ce_id=long)).id == long
    else:
        with pytest.raises(InvalidEvent, match="more than 250 bytes"):
            from_message(changed(ce_id=long))


def test_times_are_read_in_any_offset_and_kept_in_utc():
    event = from_message(changed(ce_time="2026-11-24T12:00:00+09:00"))
    assert event.time == NOON
    assert event.time.tzinfo is UTC


@pytest.mark.parametrize(
    "time",
    [
        "yesterday",
        "2026-11-24T03:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_a_time_that_is_none_is_invalid_and_not_a_defect(time):
    with pytest.raises(InvalidEvent, match="ce-time"):
        from_message(changed(ce_time=time))


def test_timestamps_have_one_width_so_that_text_sorts_as_time_does():
    assert timestamp(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000000Z"
    with pytest.raises(ValueError, match="naive"):
        timestamp(datetime(2026, 1, 2))  # noqa: DTZ001 the point of it


def test_a_stored_message_is_the_same_byte_for_byte():
    message = to_message(cause(blob="下書き\u2028.md"))
    stored = StoredMessage.of(message)
    assert stored.message() == message
    assert (stored.event_id, stored.event_type) == ("evt-1", "toban.postmortem.drafted.v1")
