"""The services of the simulated world: every kind of step, fallback and channel, few of each."""

from __future__ import annotations

from datetime import date

import msgspec

from tests.profiles import Profile
from toban.channels.console.kind import ConsoleChannel
from toban.channels.slack.kind import SlackChannel
from toban.channels.webhook.kind import WebhookChannel
from toban.escalation.section import Escalation, EscalationStep
from toban.incidents.grouping.section import Grouping
from toban.oncall.section import Rotation
from toban.people.section import Person
from toban.profile.section import Environment, Match, Service
from toban.severities.section import Severity
from toban.strictyaml.values import Seconds


def profile(service: str, *, default: bool = False, by: tuple[str, ...] = ("rule",)) -> Profile:
    """A service with two severities, three people, three steps."""
    return Profile(
        service=Service(
            id=service, name=service, language="en", timezone="Asia/Tokyo", default=default
        ),
        severities=(
            Severity(
                label="P1", level=1, words=("critical",), via=("pager",), notify=("channel:room",)
            ),
            Severity(label="P3", level=3, words=("warning",), via=("pager",)),
        ),
        grouping=Grouping(by=by, window=Seconds(60)),
        channels={
            "pager": WebhookChannel(url="https://pager.example/hook", fallback="room"),
            "room": SlackChannel(webhook_secret="SLACK_WEBHOOK_ROOM", fallback="log"),
            "log": ConsoleChannel(),
        },
        people={
            "aoki": Person(name="Aoki", slack="U1"),
            "baba": Person(name="Baba", slack="U2"),
            "chiba": Person(name="Chiba", slack="U3"),
        },
        oncall=Rotation(members=("aoki", "baba", "chiba"), first_shift=date(2026, 1, 5)),
        escalation=(
            Escalation(
                severities=("P1",),
                steps=(
                    EscalationStep(after=Seconds(0), notify=("oncall:primary",)),
                    EscalationStep(after=Seconds(300), notify=("oncall:secondary",)),
                    EscalationStep(after=Seconds(900), notify=("oncall:all", "channel:room")),
                ),
            ),
            Escalation(
                severities=("P3",),
                steps=(
                    EscalationStep(after=Seconds(0), notify=("channel:room",)),
                    EscalationStep(after=Seconds(1800), notify=("oncall:primary",)),
                ),
            ),
        ),
    )


GHOST = msgspec.structs.replace(
    profile("ghost"),
    severities=tuple(
        msgspec.structs.replace(severity, respond_within=Seconds(300))
        for severity in profile("ghost").severities
    ),
    oncall=None,
    escalation=(
        Escalation(
            severities=("P3",),
            steps=(
                EscalationStep(after=Seconds(0), notify=("oncall:primary",)),
                EscalationStep(after=Seconds(600), notify=("channel:room",)),
            ),
        ),
    ),
)
"""Nobody is on call there: its first step reaches nobody, and its target is missed."""

PATIENT = msgspec.structs.replace(
    profile("patient"), grouping=Grouping(by=("rule",), window=Seconds(600))
)
"""What joins is told of once in ten minutes: no repair after a crash takes so long."""

QUIET = "staging"
"""The environment for which nobody is called, where a world has it."""


def with_staging(made: Profile) -> Profile:
    """The same service with `QUIET`: alerts that name it, or have ``env: stg``."""
    staging = Environment(match=(Match(labels={"env": "stg"}),))
    service = msgspec.structs.replace(made.service, environments={QUIET: staging})
    return msgspec.structs.replace(made, service=service)


PROFILES = (
    GHOST,
    PATIENT,
    profile("shop"),
    profile("search", by=()),
    profile("toban", default=True),
)
