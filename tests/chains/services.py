"""The services of the stories: real profiles whose steps take seconds instead of minutes."""

from __future__ import annotations

from datetime import date

import msgspec

from tests.profiles import Profile
from toban.backups.section import (
    BackupPlan,
    BackupSection,
    Destination,
    RestoreTest,
    RetentionRules,
)
from toban.channels.console.kind import ConsoleChannel
from toban.channels.email.kind import EmailChannel
from toban.channels.slack.kind import SlackChannel
from toban.channels.webhook.kind import WebhookChannel
from toban.escalation.section import Escalation, EscalationStep
from toban.incidents.grouping.section import Grouping
from toban.oncall.section import Rotation
from toban.people.section import Person
from toban.profile.section import Environment, Service
from toban.severities.section import Severity
from toban.sources.base import StagingTarget
from toban.sources.bucket.kind import BucketSourceSection
from toban.strictyaml.values import Seconds

STEP_S = 4
"""After so long without acknowledgement the secondary is called."""
LAST_STEP_S = 9
"""And after so long the lead."""
RECHECK_S = 3
REMIND_S = 3
"""After so long without anything happening an incident of the mildest severity comes back."""
SAFES = 36
YEARLY = "0 0 1 1 *"
COUNT = 100
"""Each story has a service of its own: the emulators are shared by all of them."""


def name_of(number: int) -> str:
    return f"shop-{number:02}"


def slack_secret(service: str) -> str:
    """Name of the secret with its incoming webhook."""
    return f"SLACK_WEBHOOK_{service.upper().replace('-', '_')}"


def shop(service: str, outside: str) -> Profile:
    """
    A service with a pager (a webhook), a chat room (Slack) and mail behind the pager.

    `outside` is the address of the receiver.
    """
    return Profile(
        service=Service(
            id=service,
            name=service,
            language="en",
            timezone="Asia/Tokyo",
            environments={"staging": Environment()},
        ),
        severities=(
            Severity(
                label="P1",
                level=1,
                words=("critical",),
                notify=("channel:room",),
                via=("pager",),
                postmortem=True,
            ),
            Severity(label="P3", level=3, words=("warning",), notify=("channel:room",)),
            Severity(
                label="P4",
                level=4,
                words=("notice",),
                via=("pager",),
                remind_after=Seconds(REMIND_S),
            ),
        ),
        grouping=Grouping(by=("rule",), window=Seconds(0), recheck=Seconds(RECHECK_S)),
        channels={
            "pager": WebhookChannel(url=f"{outside}/{service}/pager", fallback="mail"),
            "mail": EmailChannel(sender="toban@example.jp", fallback="console"),
            "room": SlackChannel(webhook_secret=slack_secret(service), fallback="console"),
            "console": ConsoleChannel(),
        },
        people={
            "aoki": Person(name="Aoki", email=f"aoki@{service}.example"),
            "baba": Person(name="Baba", email=f"baba@{service}.example"),
            "lead": Person(name="Lead", email=f"lead@{service}.example"),
        },
        # One name each: whose week it is must not depend on the day the test runs.
        oncall=Rotation(members=("aoki",), secondary=("baba",), first_shift=date(2026, 1, 5)),
        escalation=(
            Escalation(
                severities=("P1",),
                steps=(
                    EscalationStep(after=Seconds(0), notify=("oncall:primary",)),
                    EscalationStep(after=Seconds(STEP_S), notify=("oncall:secondary",)),
                    EscalationStep(after=Seconds(LAST_STEP_S), notify=("person:lead",)),
                ),
            ),
            Escalation(
                severities=("P4",),
                steps=(EscalationStep(after=Seconds(0), notify=("oncall:primary",)),),
            ),
        ),
    )


def safe_of(number: int) -> str:
    """A service with backups."""
    return f"safe-{number:02}"


def safe(service: str, outside: str) -> Profile:
    """A shop that backs up a bucket to two regions; nothing in it happens by the clock."""
    backup = BackupSection(
        destinations=(
            Destination(bucket=f"{service}-tokyo", region="asia-northeast1"),
            Destination(bucket=f"{service}-osaka", region="asia-northeast2"),
        ),
        sources={"files": BucketSourceSection(bucket=f"{service}-data")},
        plans=(
            BackupPlan(
                source="files", class_="daily", schedule=YEARLY, keep=RetentionRules(daily=2)
            ),
            BackupPlan(
                source="files",
                class_="hourly",
                schedule=YEARLY,
                keep=RetentionRules(keep_days=7),
                incremental=True,
            ),
        ),
        key="secret:BACKUP_KEY",
        restore_test=RestoreTest(
            schedule=YEARLY,
            targets=(StagingTarget(source="files", bucket=f"{service}-staging"),),
            every=Seconds(400 * 86_400),
        ),
    )
    return msgspec.structs.replace(shop(service, outside), backup=backup)


def desk(outside: str) -> Profile:
    """The service that takes what no other takes, and the platform's own trouble."""
    return Profile(
        service=Service(id="toban", name="toban", language="en", timezone="UTC", default=True),
        severities=(
            Severity(label="S1", level=1, words=("critical",), notify=("channel:desk",)),
            Severity(label="S3", level=3, words=("warning",), notify=("channel:desk",)),
        ),
        # Several stories share this service: what fails in one must not join what failed in another.
        grouping=Grouping(by=("source", "rule", "function"), window=Seconds(0)),
        channels={
            "desk": WebhookChannel(url=f"{outside}/desk", fallback="console"),
            "console": ConsoleChannel(),
        },
    )


def all_services(outside: str) -> dict[str, Profile]:
    names = [name_of(number) for number in range(COUNT)]
    safes = [safe_of(number) for number in range(SAFES)]
    return {
        "toban": desk(outside),
        **{name: shop(name, outside) for name in names},
        **{name: safe(name, outside) for name in safes},
    }
