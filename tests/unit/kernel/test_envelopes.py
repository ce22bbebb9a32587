"""
A delivery in each of its three envelopes, through the real functions-framework app of a function.

The HTTP requests have the form that the Pub/Sub emulator and Eventarc were seen to send; the
answers are what Pub/Sub acts upon: 2xx acknowledges, anything else has the message come again.
"""

import base64
import json
from typing import Any

import functions_framework
import pytest

from tests.unit.kernel.world import NOON, World
from toban import entry
from toban.adapters.local.memory import MemorySecrets
from toban.entry import Subscriber
from toban.events import AlertFired
from toban.kernel.decision import Decision
from toban.kernel.errors import TryLater
from toban.kernel.event import Event, to_message
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
    from toban.adapters.google.push import encode_value

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
