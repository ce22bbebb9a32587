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
from tests.credentials import Leak, leaks
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
from tests.security.desk import Desk, logged
from tests.security.ways import rows
from toban.channels.console.adapter import ConsoleSender
from toban.channels.console.message import ConsoleLine
from toban.events import CommandIssued
from toban.kernel.event import Event, to_message
from toban.kernel.handling.effect import Done, Failed, Result
from toban.kernel.outgoing import Outgoing
from toban.kernel.secrecy.masking import MASK
from toban.ports import Message
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


def story(events: list[Event], leak: Leak, log: io.StringIO) -> dict[str, str]:
    """Run what came of a post to its end; everything that there is then, by where it is."""
    bus, outside = KeptBus(), Outside(leak)
    platform = TestPlatform(PROFILE, bus=bus, senders=outside)
    bus.publish([to_message(event) for event in events])
    platform.drain()
    (opened,) = platform.documents("incidents")
    platform.advance(1_000)
    for action in ("note", "resolve"):
        platform.send(
            CommandIssued(
                incident_id=opened["id"],
                action=action,
                actor="aoki",
                proof="local:aoki",
                via="cli",
                note=f"it was {leak.text}" if action == "resolve" else "",
                at=platform.clock.now(),
            )
        )
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


@every_row
@pytest.mark.parametrize("name", LEAKS)
def test_a_credential_in_a_report_is_nowhere_afterwards(path, name):
    leak = LEAKS[name]
    with logged() as log:
        desk = Desk()
        response = desk.post(path, POISONED[path](leak))
        assert response.status == 200, response.body
        found = story(desk.published, leak, log)
    # How a text spells it: as it is, in JSON, in Python's repr.
    for spelled in {
        leak.secret,
        repr(leak.secret)[1:-1],
        msgspec.json.encode(leak.secret)[1:-1].decode(),
    }:
        assert [where for where, text in found.items() if spelled in text] == []
        assert spelled.encode() not in response.body
    assert MASK in found["sent"]
