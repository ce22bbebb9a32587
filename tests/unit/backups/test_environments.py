"""Backups of another environment: taken alike, and what goes wrong calls only whom it should."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from tests.profiles import Profile
from tests.unit.backups.test_rebuilding import OSAKA, TOKYO, manifest
from toban.backups.catalogue.manifest import decode, encode
from toban.backups.documents import Backup
from toban.backups.policy.alerts import BackupWatch
from toban.backups.section import (
    BackupPlan,
    BackupSection,
    Destination,
    Objective,
    RetentionRules,
    environment_of_source,
)
from toban.backups.watching.watch import HANDLERS as WATCH
from toban.backups.work.start import HANDLERS as START
from toban.events import AlertFired, AlertResolved, CommandIssued
from toban.events.backups import (
    BackupDue,
    BackupFailed,
    BackupStepDue,
    BackupWatchDue,
    RestoreRequested,
)
from toban.kernel.command import Audit
from toban.kernel.document import encode as stored
from toban.ports import Create
from toban.profile.environments import environment_of
from toban.profile.section import Environment, Service
from toban.profile.store import apply
from toban.sections.check import check
from toban.severities.section import Severity
from toban.sources.bucket.kind import BucketSourceSection
from toban.strictyaml.values import Seconds
from toban.testing import NOON, TestPlatform

STAGING = "staging"


def plan(source: str) -> BackupPlan:
    return BackupPlan(
        source=source, class_="daily", schedule="0 3 * * *", keep=RetentionRules(daily=7)
    )


def profile(copy_of: str | msgspec.UnsetType = STAGING) -> Profile:
    """A shop that backs up the bucket of production and the one of staging."""
    return Profile(
        service=Service(
            id="shop", name="Shop", language="en", environments={STAGING: Environment()}
        ),
        severities=(Severity(label="P1", level=1), Severity(label="P2", level=2)),
        backup=BackupSection(
            destinations=(Destination(bucket="tokyo", region="asia-northeast1"),),
            sources={
                "media": BucketSourceSection(bucket="media"),
                "copy": BucketSourceSection(bucket="copy", environment=copy_of),
            },
            plans=(plan("media"), plan("copy")),
            objectives=(
                Objective(name="all lost", sources=("copy", "media"), rpo=Seconds(3600)),
                Objective(name="copy lost", sources=("copy",), rpo=Seconds(3600)),
            ),
        ),
    )


@pytest.fixture
def platform() -> TestPlatform:
    return TestPlatform(profile(), handlers={"start_backup": START, "watch_backups": WATCH})


def failed(platform: TestPlatform, source: str) -> None:
    at = platform.clock.now()
    id = f"shop.{source}.daily.20261124T030000Z"
    platform.send(
        BackupFailed(
            service="shop", source=source, class_="daily", backup_id=id, stage="take", reason="no", at=at
        )
    )  # fmt: skip
    platform.drain()


def environments(bodies: list[AlertFired]) -> dict[str, str]:
    """By rule and what it is about: the environment that triage finds."""
    return {
        f"{b.rule} {b.labels.get('source', b.labels.get('objective', ''))}": environment_of(
            profile().service, b.labels
        )
        for b in bodies
    }


def test_whose_data_a_source_holds_does_not_concern_whoever_reads_it():
    sources = profile().backup.sources

    assert sources["copy"].spec.options == {**sources["media"].spec.options, "bucket": "copy"}


def test_what_a_source_does_not_say_is_production():
    assert environment_of_source(profile(), "media") == "production"
    assert environment_of_source(profile(), "copy") == STAGING
    assert environment_of_source(profile(), "gone") == "production"


@pytest.mark.parametrize(("source", "environment"), [("copy", STAGING), ("media", "production")])
def test_a_backup_and_its_steps_are_of_the_environment_of_the_source(platform, source, environment):
    platform.send(BackupDue(service="shop", source=source, class_="daily"))
    platform.drain()

    assert [b.environment for b in platform.documents(Backup)] == [environment]
    assert [b.environment for b in platform.published(BackupStepDue)] == [environment]


def test_a_restore_is_of_the_environment_of_what_it_loads(platform):
    backup = Backup(
        id="b", service="shop", source="copy", class_="daily", kind="bucket", status="verified",
        slot=NOON, started_at=NOON, environment=STAGING,
    )  # fmt: skip
    platform.store.inner.commit([Create(Backup.key("b"), stored(backup))])
    command = CommandIssued(
        about="restores/r1", action="restore", actor="aoki", proof="local:aoki", via="cli", at=NOON,
        arguments={"backup": "b", "target.bucket": "elsewhere"},
    )  # fmt: skip
    platform.send(command)
    platform.drain()

    assert [r.environment for r in platform.published(RestoreRequested)] == [STAGING]
    assert [a.environment for a in platform.documents(Audit)] == [STAGING]


@pytest.mark.parametrize(
    ("about", "action", "environment"),
    [
        ("backups/shop/copy/daily", "take", STAGING),
        ("backups/shop/media/daily", "take", "production"),
        ("backups/shop/copy", "test-restore", STAGING),
        ("backups/shop", "prune", "production"),
    ],
)
def test_the_record_of_a_request_says_the_environment(platform, about, action, environment):
    platform.send(
        CommandIssued(
            about=about, action=action, actor="aoki", proof="local:aoki", via="cli", at=NOON
        )
    )
    platform.drain()

    assert [a.environment for a in platform.documents(Audit)] == [environment]


# --- what is in the buckets ----------------------------------------------------------------------


def test_the_manifest_of_production_is_what_it_was_and_another_says_whose_it_is():
    plain, staged = manifest(), manifest(environment=STAGING)

    assert b"environment" not in encode(plain, None)
    for made, environment in ((plain, "production"), (staged, STAGING)):
        name = f"{made.prefix}manifest.json"
        read, _ = decode(encode(made, None), None, name=name)
        assert read.document([TOKYO, OSAKA]).environment == environment


# --- what goes wrong -----------------------------------------------------------------------------


def test_what_fails_is_an_alert_of_the_environment_of_its_source(platform):
    failed(platform, "copy")
    failed(platform, "media")

    assert environments(platform.published(AlertFired)) == {
        "backup-failed copy": STAGING,
        "backup-failed media": "production",
    }


def test_what_is_late_too_and_of_several_sources_the_one_whose_people_are_called(platform):
    platform.clock.advance(timedelta(days=3))
    platform.send(BackupWatchDue())
    platform.drain()

    assert environments(platform.published(AlertFired)) == {
        "backup-overdue copy": STAGING,
        "backup-overdue media": "production",
        "rpo-missed all lost": "production",
        "rpo-missed copy lost": STAGING,
    }


def test_a_source_that_becomes_production_is_told_anew(platform):
    failed(platform, "copy")
    apply(platform.store.inner, [profile(msgspec.UNSET)], platform.clock.now())
    platform.clock.advance(timedelta(minutes=1))
    failed(platform, "copy")

    told = [b.labels["environment"] for b in platform.published(AlertFired)]
    over = [b.labels["environment"] for b in platform.published(AlertResolved)]
    assert (told, over) == ([STAGING, "production"], [STAGING])
    (watch,) = platform.documents(BackupWatch)
    assert [a.labels["environment"] for a in watch.open.values()] == ["production"]


def test_a_service_without_environments_says_what_it_said_before():
    plain = msgspec.structs.replace(
        profile(msgspec.UNSET), service=Service(id="shop", name="Shop", language="en")
    )
    platform = TestPlatform(plain, handlers={"watch_backups": WATCH})
    failed(platform, "media")

    (fired,) = platform.published(AlertFired)
    assert "environment" not in fired.labels


def test_an_environment_that_the_service_does_not_have_is_a_mistake():
    def found(environment: str) -> list[str]:
        return [f.path for f in check(profile(environment)) if f.code == "unknown-environment"]

    assert found("stagign") == ["backup.sources.copy.environment"]
    assert found(STAGING) == found("production") == []
