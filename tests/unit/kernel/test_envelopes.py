"""
A delivery in each of its three envelopes, through the real functions-framework app of a function.

The HTTP requests have the form that the Pub/Sub emulator and Eventarc were seen to send; the
answers are what Pub/Sub acts upon: 2xx acknowledges, anything else has the message come again.
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import functions_framework
import pytest

from tests.unit.kernel.world import NOON, World
from toban import entry
from toban.adapters.google.pubsub import push
from toban.adapters.local.memory.store import MemorySecrets
from toban.entry import Subscriber
from toban.events import AlertFired
from toban.kernel.errors import TryLater
from toban.kernel.event import Event, to_message
from toban.kernel.handling.decision import Decision
from toban.kernel.platform import Platform
from toban.ports import Secrets, Unavailable
from toban.topology.generate import ROOT

SUBSCRIPTION = "alert-fired--open_incident"
FULL_NAME = f"projects/p-1/subscriptions/{SUBSCRIPTION}"

EVENT = Event(
    id="evt-1",
    source="/ingress/generic",
    time=NOON,
    subject="alerts/generic/注文 100%",
    correlation_id="evt-0",
    body=AlertFired(
        source="generic", fingerprint="f", rule="api", title="注文APIのエラー率", starts_at=NOON
    ),
)
MESSAGE = to_message(EVENT)


class InMemory:
    """Stands in for what binds a function to Google Cloud."""

    def __init__(self, world: World) -> None:
        self.world = world

    def platform(self) -> Platform:
        return self.world.platform

    def secrets(self) -> Secrets:
        return MemorySecrets()


class Deployed:
    """`open_incident` as functions-framework serves it, on a platform in memory."""

    def __init__(self, monkeypatch) -> None:
        self.world = World()
        self.monkeypatch = monkeypatch
        monkeypatch.setattr(entry, "_google", InMemory(self.world))
        source = ROOT / "functions" / "open_incident" / "main.py"
        self.client = functions_framework.create_app("main", str(source)).test_client()

    def reacts(self, decide) -> None:
        """Have the function do something else with the alert."""
        handlers = {AlertFired: Decision(decide)}
        subscriber = Subscriber("open_incident", handlers)
        self.monkeypatch.setitem(entry.SUBSCRIBERS, "open_incident", subscriber)

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        return self.client.post("/", data=body, headers=headers).status_code


@pytest.fixture
def deployed(monkeypatch) -> Deployed:
    monkeypatch.delenv("K_SERVICE", raising=False)
    return Deployed(monkeypatch)


def unwrapped(attributes: dict[str, str] | None = None) -> dict[str, str]:
    """Headers of a push with payload unwrapping; values are percent-encoded by our publisher."""
    from toban.adapters.google.pubsub.push import encode_value

    given = MESSAGE.attributes if attributes is None else attributes
    return {
        **{name: encode_value(value) for name, value in given.items()},
        "x-goog-pubsub-message-id": "m-77",
        "x-goog-pubsub-subscription-name": FULL_NAME,
        "x-goog-pubsub-publish-time": "2026-11-24T03:00:00Z",
    }


def envelope(**changes: Any) -> dict[str, Any]:
    """What a wrapped push posts, and what Eventarc has as data."""
    message = {
        "attributes": dict(MESSAGE.attributes),
        "data": base64.b64encode(MESSAGE.data).decode(),
        "messageId": "m-77",
        "message_id": "m-77",
        "publishTime": "2026-11-24T03:00:00Z",
        **changes,
    }
    return {"message": message, "subscription": FULL_NAME}


EVENTARC = {
    "ce-specversion": "1.0",
    "ce-id": "m-77",
    "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
    "ce-source": "//pubsub.googleapis.com/projects/p-1/topics/alert-fired",
    "ce-time": "2026-11-24T03:00:00Z",
    "content-type": "application/json",
}
WRAPPED = {"content-type": "application/json"}

ENVELOPES = {
    "unwrapped push": (MESSAGE.data, unwrapped()),
    "wrapped push": (json.dumps(envelope()).encode(), WRAPPED),
    "Eventarc": (json.dumps(envelope()).encode(), EVENTARC),
}
each_envelope = pytest.mark.parametrize(("body", "headers"), ENVELOPES.values(), ids=ENVELOPES)


@each_envelope
def test_the_function_sees_one_and_the_same_event(deployed, body, headers):
    seen = []
    deployed.reacts(lambda _, work: seen.append(work.event))
    assert deployed.post(body, headers) == 200
    assert seen == [EVENT]


@each_envelope
def test_the_message_keeps_its_id_so_that_a_redelivery_is_one(deployed, body, headers):
    assert deployed.post(body, headers) == 200
    (receipt,) = deployed.world.documents("receipts")
    assert receipt["message_id"] == "m-77"
    first = deployed.world.bus.take()
    assert deployed.post(body, headers) == 200
    assert deployed.world.bus.take() == first
    assert len(deployed.world.documents("incidents")) == 1


def test_a_message_in_two_envelopes_is_one_message(deployed):
    for body, headers in ENVELOPES.values():
        assert deployed.post(body, headers) == 200
    assert len(deployed.world.documents("incidents")) == 1


@each_envelope
@pytest.mark.parametrize("error", [TryLater("not yet"), Unavailable("store is away")])
def test_503_says_later(deployed, body, headers, error):
    deployed.reacts(_raising(error))
    assert deployed.post(body, headers) == 503


@each_envelope
def test_500_says_defect(deployed, body, headers):
    deployed.reacts(_raising(ZeroDivisionError("a defect")))
    assert deployed.post(body, headers) == 500


def test_an_answer_tells_nothing_secret(deployed, monkeypatch):
    from toban.kernel import log

    monkeypatch.setattr(log, "_secrets", {"s3cr3t-value"})
    deployed.reacts(_raising(Unavailable("key s3cr3t-value was refused")))
    body, headers = ENVELOPES["unwrapped push"]
    answer = deployed.client.post("/", data=body, headers=headers)
    assert answer.status_code == 503
    assert "s3cr3t-value" not in answer.text


def _raising(error: Exception):
    def decide(*_):
        raise error

    return decide


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/cloudevents-batch+json", "[{one}, {one}]"),
        ("application/cloudevents-batch+json", "[{one}]"),
        ("application/cloudevents-batch+json", "[]"),
        ("application/cloudevents+json", "[{one}]"),
        ("application/json", " [{one}]"),
    ],
)
def test_a_batch_of_events_is_refused_and_no_defect(deployed, kind, body):
    one = json.dumps({"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "data": {}})
    sent = body.replace("{one}", one).encode()
    assert deployed.post(sent, {"content-type": kind}) == 400
    assert deployed.world.documents("parked") == []


def test_a_message_whose_body_is_an_array_is_parked_and_no_batch(deployed):
    assert deployed.post(b"[1]", unwrapped()) == 200
    assert len(deployed.world.documents("parked")) == 1


# --- from Cloud Scheduler ----------------------------------------------------------------------

STATIC = {
    "ce-specversion": "1.0",
    "ce-id": "/schedules/shop--orders--daily",
    "ce-type": MESSAGE.attributes["ce-type"],
    "ce-source": "/schedules/shop--orders--daily",
    "content-type": "application/json",
}
"""What a job sends: the same attributes every time, so no time, and its source for an id."""
AT_THREE = {"publishTime": "2026-11-24T03:00:07.125Z"}


def scheduled(**message: str) -> dict[str, tuple[bytes, dict[str, str]]]:
    """A message of a job in each envelope; `publishTime` and `messageId` as given."""
    ids = {"publishTime": "", "messageId": "m-1", **message}
    headers = {
        **STATIC,
        "x-goog-pubsub-subscription-name": FULL_NAME,
        "x-goog-pubsub-message-id": ids["messageId"],
        "x-goog-pubsub-publish-time": ids["publishTime"],
    }
    wrapped = envelope(attributes=STATIC, message_id=ids["messageId"], **ids)
    return {
        "unwrapped push": (MESSAGE.data, {k: v for k, v in headers.items() if v}),
        "wrapped push": (json.dumps(wrapped).encode(), WRAPPED),
        "Eventarc": (json.dumps(wrapped).encode(), EVENTARC),
    }


@pytest.mark.parametrize("kind", ENVELOPES)
def test_a_message_of_cloud_scheduler_is_the_event_of_its_minute(deployed, kind):
    seen = []
    deployed.reacts(lambda _, work: seen.append(work.event))
    assert deployed.post(*scheduled(**AT_THREE)[kind]) == 200
    (event,) = seen
    assert event.id == "/schedules/shop--orders--daily|2026-11-24T03:00Z"
    assert event.time == datetime(2026, 11, 24, 3, 0, 7, 125000, tzinfo=UTC)
    assert event.correlation_id == event.id
    assert deployed.world.documents("parked") == []


def test_two_messages_of_one_minute_are_one_event_whatever_brings_them(deployed):
    for number, (body, headers) in enumerate(scheduled(**AT_THREE).values()):
        sent = {**headers, "x-goog-pubsub-message-id": f"m-{number}"}
        assert deployed.post(body, sent) == 200
    later = {"publishTime": "2026-11-24T03:00:59.999Z", "messageId": "m-9"}
    assert deployed.post(*scheduled(**later)["unwrapped push"]) == 200
    assert len(deployed.world.documents("receipts")) == 1


def test_the_message_of_the_next_minute_is_the_next_event(deployed):
    seen = []
    deployed.reacts(lambda _, work: seen.append(work.event.id[-6:]))
    for moment in ("03:00:59.999Z", "03:01:00Z", "03:01:00.000000001Z", "12:02:00+09:00"):
        message = {"publishTime": f"2026-11-24T{moment}"}
        assert deployed.post(*scheduled(**message)["unwrapped push"]) == 200
    assert seen == ["03:00Z", "03:01Z", "03:01Z", "03:02Z"]


def test_without_a_publish_time_the_message_is_known_by_its_id(deployed):
    seen = []
    deployed.reacts(lambda _, work: seen.append(work.event))
    for time_ in ("", "soon", "2026-11-24T03:00:00"):
        message = {"publishTime": time_, "messageId": "m-5"}
        assert deployed.post(*scheduled(**message)["unwrapped push"]) == 200
    assert {event.id for event in seen} == {"/schedules/shop--orders--daily|m-5"}


def test_without_any_metadata_it_is_the_event_of_the_minute_it_arrives_in(deployed):
    seen = []
    deployed.reacts(lambda _, work: seen.append(work.event))
    headers = {**STATIC, "x-goog-pubsub-subscription-name": FULL_NAME}
    assert deployed.post(MESSAGE.data, headers) == 200
    (event,) = seen
    assert event.id == event.time.strftime("/schedules/shop--orders--daily|%Y-%m-%dT%H:%MZ")
    assert abs(event.time - datetime.now(UTC)) < timedelta(minutes=2)


@pytest.mark.parametrize(
    "attributes",
    [
        {**STATIC, "ce-source": "/ingress/generic", "ce-id": "/ingress/generic"},
        {**STATIC, "ce-id": "evt-1"},
        {**STATIC, "ce-time": "2026-11-24T03:00:00Z"},
        {n: v for n, v in STATIC.items() if n != "ce-source"},
    ],
    ids=["another source", "an id of its own", "half an envelope", "no source"],
)
def test_nothing_else_is_given_an_id(attributes):
    assert push.completed(attributes, "2026-11-24T03:00:07Z", "m-1") == attributes


def test_a_job_without_any_id_is_completed_as_well():
    attributes = {n: v for n, v in STATIC.items() if n != "ce-id"}
    found = push.completed(attributes, "2026-11-24T03:00:07Z", "m-1")
    assert found["ce-id"] == "/schedules/shop--orders--daily|2026-11-24T03:00Z"


def test_an_event_with_id_and_time_keeps_them():
    full = {**STATIC, "ce-id": "evt", "ce-time": "2026-11-24T01:00:00Z"}
    assert push.completed(full, "2026-11-24T03:00:07Z", "m-1") == full


# --- what does not fit -----------------------------------------------------------------------

DEEP = b'{"labels":' + b"[" * 100_000
BROKEN = {
    "a brace": b"{",
    "empty": b"",
    "not UTF-8": b'{"title":"\xff"}',
    "another shape": b'{"rule":7}',
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_an_unwrapped_body_that_does_not_fit_is_parked_as_it_came(deployed, data):
    assert deployed.post(data, unwrapped()) == 200
    (parked,) = deployed.world.documents("parked")
    assert parked["data"] == data
    assert parked["attributes"] == MESSAGE.attributes, "decoded again"
    assert (parked["topic"], parked["subscription"]) == ("alert-fired", SUBSCRIPTION)


def test_one_that_the_framework_itself_cannot_read_is_refused_and_becomes_a_dead_letter(deployed):
    """functions-framework parses the body before us and fails: redriving parks it in the end."""
    assert deployed.post(DEEP, unwrapped()) == 500
    assert deployed.world.documents("receipts") == []


@pytest.mark.parametrize("data", [*BROKEN.values(), DEEP], ids=[*BROKEN, "100,000 deep"])
@pytest.mark.parametrize("headers", [WRAPPED, EVENTARC], ids=["wrapped push", "Eventarc"])
def test_so_is_one_in_an_envelope(deployed, data, headers):
    body = json.dumps(envelope(data=base64.b64encode(data).decode())).encode()
    assert deployed.post(body, headers) == 200
    (parked,) = deployed.world.documents("parked")
    assert parked["data"] == data
    assert parked["attributes"] == MESSAGE.attributes


NO_ENVELOPE = {
    "no message": {"hello": "world"},
    "a message that is a list": {"message": []},
    "attributes that are none": envelope(attributes=[1]),
    "data that are no base64": envelope(data="%%%"),
    "data that are a number": envelope(data=7),
    "a list": [],
}


@pytest.mark.parametrize("body", NO_ENVELOPE.values(), ids=NO_ENVELOPE)
def test_an_envelope_that_is_none_is_parked_as_it_came(deployed, body):
    raw = json.dumps(body).encode()
    assert deployed.post(raw, EVENTARC) == 200
    (parked,) = deployed.world.documents("parked")
    assert parked["data"] == raw
    assert "no ce-id" in parked["error"]


def test_a_message_without_attributes_of_ours_is_parked(deployed):
    body = json.dumps(envelope(attributes={"color": "red"})).encode()
    assert deployed.post(body, WRAPPED) == 200
    (parked,) = deployed.world.documents("parked")
    assert parked["attributes"] == {"color": "red"}


def test_what_pubsub_never_sends_is_refused(deployed):
    """Not even an envelope, and no CloudEvent: functions-framework answers by itself."""
    assert deployed.post(b"hello", {"content-type": "text/plain"}) in (400, 415)
    assert deployed.world.documents("parked") == []
