"""
What a sender quotes may hold a credential: it is published, kept, sent and logged nowhere.

Every alert row gets every kind of credential in every text that a report has; then the whole story
runs, to the draft of its postmortem, and everything that there is by then is searched.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from tests import payloads
from tests.credentials import Leak, harmless, leaks
from tests.profiles import (
    ConsoleChannel,
    EmailChannel,
    Escalation,
    EscalationStep,
    Person,
    Profile,
    Seconds,
    Service,
    Severity,
    SlackChannel,
    WebhookChannel,
)
from tests.security.desk import COMMAND, Desk, command_request, logged
from tests.security.ways import rows
from toban.channels.console.adapter import ConsoleSender
from toban.channels.console.message import ConsoleLine
from toban.events import AlertFired
from toban.kernel.event import to_message
from toban.kernel.handling.effect import Done, Failed, Result
from toban.kernel.handling.parking import ParkedMessage, park
from toban.kernel.outgoing import Outgoing
from toban.kernel.secrecy.masking import MASK
from toban.ports import Delivered, Message
from toban.testing import TestPlatform
from toban.testing.buses import ListBus

LEAKS = leaks()
ROWS = sorted(path for function, path in rows() if function == "ingest_alert")
every_row = pytest.mark.parametrize("path", ROWS)

PROFILE = Profile(
    service=Service(id="shop", name="Shop", default=True),
    severities=(
        Severity(
            label="P1", level=1, via=("slack", "mail"), notify=("channel:hook",), postmortem=True
        ),
    ),
    channels={
        "slack": SlackChannel(webhook_secret="SLACK_WEBHOOK_OPS", fallback="mail"),
        "mail": EmailChannel(sender="toban@shop.test", fallback="last"),
        "hook": WebhookChannel(url="https://hooks.shop.test/in", fallback="last"),
        "last": ConsoleChannel(),
    },
    people={"aoki": Person(name="青木", email="aoki@shop.test", slack="U0AOKI")},
    escalation=(
        Escalation(
            severities=("P1",),
            steps=(
                EscalationStep(after=Seconds(0), notify=("person:aoki",)),
                EscalationStep(after=Seconds(900), notify=("channel:last",)),
            ),
        ),
    ),
)


class KeptBus(ListBus):
    """Also keeps every message ever published."""

    def __init__(self) -> None:
        super().__init__()
        self.ever: list[Message] = []

    def publish(self, messages: Any) -> None:
        self.ever.extend(messages)
        super().publish(messages)


class Outside:
    """Takes every message, once it has failed quoting `leak`; the console writes its line."""

    def __init__(self, leak: Leak) -> None:
        self.leak = leak
        self.sent: list[Outgoing] = []

    def send(self, outgoing: Outgoing) -> Result:
        if isinstance(outgoing, ConsoleLine):
            return ConsoleSender().send(outgoing)
        self.sent.append(outgoing)
        if len(self.sent) == 1:
            return Failed(f"refused: {self.leak.text}", retryable=False)
        return Done(f"C0/{len(self.sent)}")


def cloud_monitoring(leak: Leak) -> Any:
    body = payloads.cloud_monitoring(
        policy=leak.text, condition=leak.text, value=leak.text, user_labels={"note": leak.text}
    )
    incident = body["incident"]
    incident |= {
        "summary": leak.text,
        "documentation": {"content": leak.text, "links": links(leak)},
    }
    incident |= {"threshold_value": leak.text, "resource_display_name": leak.text}
    incident["url"] = f"https://m.example/a?{leak.text.replace(' ', '%20')}"
    return body


def alertmanager(leak: Leak) -> Any:
    alert = payloads.alert(name=leak.text, summary=leak.text, labels={"command": leak.text})
    alert["annotations"] |= {"description": leak.text, "value": leak.text, "threshold": leak.text}
    alert["annotations"]["runbook_url"] = links(leak)[0]["url"]
    return payloads.alertmanager(alert, commonAnnotations={"summary": leak.text})


def generic(leak: Leak) -> Any:
    return payloads.generic(
        rule=leak.text,
        title=leak.text,
        summary=leak.text,
        severity=leak.text,
        fingerprint=leak.text,
        value=leak.text,
        labels={"command": leak.text, leak.text: "x", "db_password": leak.secret},
        links=[{"title": link["displayName"], "url": link["url"]} for link in links(leak)],
        id=leak.text,
    )


def links(leak: Leak) -> list[dict[str, str]]:
    quoted = leak.text.replace(" ", "%20").replace("\n", "%0A")
    return [{"displayName": leak.text, "url": f"https://wiki.example.com/?q={quoted}"}]


POISONED: dict[str, Callable[[Leak], Any]] = {
    "/cloud-monitoring": cloud_monitoring,
    "/alertmanager": alertmanager,
    "/generic": generic,
}


def everything(platform: TestPlatform, bus: KeptBus, outside: Outside) -> Iterator[tuple[str, str]]:
    """(where, text): all that is kept or has left."""
    for message in bus.ever:
        yield "bus", f"{message.data.decode()} {message.attributes}"
    for collection, documents in platform.store.inner._documents.items():
        yield collection, repr(documents)
    for outgoing in outside.sent:
        yield "sent", repr(outgoing)
        body = getattr(outgoing, "body", None)
        yield "sent", body.decode() if isinstance(body, bytes) else ""
    for name in platform.blobs.names(""):
        yield name, platform.blobs.read(name).decode()
    yield "traces", repr(platform.tracer._traces)


def story(desk: Desk, leak: Leak, log: io.StringIO) -> dict[str, str]:
    """Run what came of a post to its end; everything that there is then, by where it is."""
    bus, outside = KeptBus(), Outside(leak)
    platform = TestPlatform(PROFILE, bus=bus, senders=outside)
    bus.publish([to_message(event) for event in desk.published])
    platform.drain()
    (opened,) = platform.documents("incidents")
    platform.advance(1_000)
    command = {"subject": f"incidents/{opened['id']}", "note": f"it was {leak.text}", "seen": None}
    for action in ("note", "resolve"):
        request = command_request({**COMMAND, **command, "id": action, "action": action})
        assert desk.ask("ingest_action", request).status == 200
        bus.publish([to_message(desk.published[-1])])
        platform.drain()
    assert platform.blobs.names("postmortems/"), "the story has no end"
    assert len(outside.sent) > 3
    found: dict[str, str] = {"log": log.getvalue()}
    for where, text in everything(platform, bus, outside):
        found[where] = found.get(where, "") + text
    return found


@every_row
def test_every_alert_row_has_its_hostile_report(path):
    assert path in POISONED, "tests/security/test_credentials.py: POISONED"


def spellings(secret: str) -> set[str]:
    """As it is, in JSON, in Python's repr."""
    return {secret, repr(secret)[1:-1], msgspec.json.encode(secret)[1:-1].decode()}


@every_row
@pytest.mark.parametrize("name", LEAKS)
def test_a_credential_in_a_report_is_not_published_answered_or_logged(path, name):
    leak, desk = LEAKS[name], Desk()
    with logged() as log:
        response = desk.post(path, POISONED[path](leak))
    assert response.status == 200, response.body
    (event,) = desk.published
    message = to_message(event)
    seen = f"{message.data.decode()} {message.attributes} {log.getvalue()} {response.body!r}"
    assert not [spelled for spelled in spellings(leak.secret) if spelled in seen]
    assert MASK in seen


@pytest.mark.parametrize(("number", "name"), enumerate(LEAKS))
def test_a_credential_in_a_report_is_nowhere_when_its_story_has_ended(number, name):
    leak, path = LEAKS[name], ROWS[number % len(ROWS)]
    with logged() as log:
        desk = Desk()
        desk.post(path, POISONED[path](leak))
        found = story(desk, leak, log)
    for spelled in spellings(leak.secret):
        assert [where for where, text in found.items() if spelled in text] == []
    assert all(MASK in found[where] for where in ("sent", "log", "alerts", "incidents", "bus"))


@pytest.mark.parametrize("text", harmless())
def test_what_is_no_credential_reaches_people_as_it_was_sent(text):
    desk = Desk()
    (event,) = desk.events("/generic", payloads.generic(title="t", summary=text))
    assert event.body.summary == text


def test_a_report_that_an_earlier_release_let_in_is_kept_and_sent_without_its_credentials():
    leak = LEAKS["jwt"]
    platform = TestPlatform(PROFILE)
    platform.send(
        AlertFired(
            source="generic",
            fingerprint="f",
            rule="r",
            title=leak.text,
            summary=leak.text,
            severity="critical",
            labels={"note": leak.text},
            starts_at=platform.clock.now(),
        )
    )
    platform.drain()
    assert platform.senders.sent
    assert leak.secret not in repr((platform.store.inner._documents, platform.senders.sent))


def test_what_a_message_was_parked_for_is_shown_without_credentials():
    leak = LEAKS["github p"]
    platform = TestPlatform(PROFILE)
    message = Message("alert-fired", leak.text.encode(), {"ce-type": "toban.alert.fired.v1"})
    platform.deliver("open_incident", Delivered(message, "m"))
    (parked,) = platform.documents(ParkedMessage)
    assert leak.secret not in parked.error
    park("open_incident", Delivered(message, "n"), "given-up", leak.text, platform.platform)
    platform.drain()
    kept = {
        name: found for name, found in platform.store.inner._documents.items() if name != "parked"
    }
    assert leak.secret not in repr(kept)
