"""What people ask of backups: the event that it comes to, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest

from toban.backups.catalogue.plans import backup_id
from toban.backups.documents import Backup
from toban.backups.policy.restores import Restore
from toban.backups.restoring.targets import target_spec
from toban.backups.work.commands import request_id
from toban.backups.work.start import HANDLERS
from toban.events import ACTIONS, Action, CommandIssued
from toban.events.backups import (
    BackupDue,
    BackupFinished,
    BackupReplicated,
    BackupRewrapDue,
    PruneDue,
    RestoreRequested,
    RestoreTestDue,
)
from toban.kernel.command import Audit
from toban.kernel.document import encode
from toban.kernel.event import Body, from_message
from toban.kernel.handling.receipt import find_receipt
from toban.ports import Create, Delivered
from toban.testing import NOON, TestPlatform

ID = "shop.media.daily.20261124T030000Z"
AOKI = "google:aoki@example.jp"


@pytest.fixture
def platform() -> TestPlatform:
    made = TestPlatform(handlers={"start_backup": HANDLERS})
    backup = Backup(
        id=ID, service="shop", source="media", class_="daily", kind="bucket", status="verified",
        slot=NOON, started_at=NOON, bytes=42,
    )  # fmt: skip
    made.store.inner.commit([Create(Backup.key(ID), encode(backup))])
    return made


def ask(
    platform: TestPlatform, action: Action, about: str, proof: str = AOKI, **arguments: Any
) -> Body | None:
    """Give a command; the body it comes to."""
    command = CommandIssued(
        about=about, action=action, actor="aoki@example.jp", proof=proof, via="cli", at=NOON,
        arguments={name.replace("__", "."): value for name, value in arguments.items()},
    )  # fmt: skip
    platform.bus.messages.clear()
    event = platform.send(command)
    (message,) = platform.bus.messages
    platform.bus.messages.clear()
    platform.deliver("start_backup", Delivered(message, "m-1"))
    if not platform.bus.messages:
        return None
    (made,) = map(from_message, platform.bus.messages)
    assert made.id == request_id(event.id)
    assert made.correlation_id == event.id
    return made.body


def outcome(platform: TestPlatform) -> tuple[str, str]:
    audit = platform.documents(Audit)[-1]
    receipt = find_receipt(platform.store.inner, "start_backup", "post-1")
    assert receipt is not None
    assert receipt.answer == {"outcome": audit.outcome, "reason": audit.reason}
    return audit.outcome, audit.reason


NAMED = {"service": "shop", "source": "media", "class_": "daily", "backup_id": ID}


@pytest.mark.parametrize(
    ("action", "about", "expected"),
    [
        (
            "take",
            "backups/shop/media/daily",
            BackupDue(
                service="shop", source="media", class_="daily", requested_by="aoki@example.jp",
                asked_at=NOON,
            ),
        ),
        ("replicate", f"backups/{ID}", BackupFinished(**NAMED, at=NOON, bytes=42)),
        ("verify", f"backups/{ID}", BackupReplicated(**NAMED, at=NOON)),
        ("rewrap", f"backups/{ID}", BackupRewrapDue(**NAMED)),
        ("prune", "backups/shop", PruneDue(service="shop", requested_by="aoki@example.jp")),
        ("prune", "backups/*", PruneDue(service="", requested_by="aoki@example.jp")),
        (
            "test-restore",
            "backups/shop",
            RestoreTestDue(service="shop", requested_by="aoki@example.jp"),
        ),
        (
            "test-restore",
            "backups/shop/media",
            RestoreTestDue(service="shop", source="media", requested_by="aoki@example.jp"),
        ),
    ],
)  # fmt: skip
def test_a_command_becomes_the_event_that_was_asked_for(platform, action, about, expected):
    assert ask(platform, action, about) == expected
    assert outcome(platform) == ("done", "")
    assert platform.documents(Audit)[0].subject == about


def test_a_restore_says_what_is_loaded_where(platform):
    found = ask(
        platform, "restore", "restores/restore-1", backup=ID, region="tokyo", onto_source="yes",
        detected_at="2026-11-24T02:00:00Z", target__bucket="other", target__prefix="a/",
    )  # fmt: skip
    assert found == RestoreRequested(
        restore_id="restore-1", service="shop", source="media", backup_id=ID, purpose="recovery",
        region="tokyo", target={"bucket": "other", "prefix": "a/"}, onto_source=True,
        requested_by="aoki@example.jp", detected_at=NOON - timedelta(hours=1),
    )  # fmt: skip
    second = ask(platform, "restore", "restores/restore-2", backup=ID, onto_source="no")
    assert isinstance(second, RestoreRequested)
    assert (second.onto_source, second.region, second.target) == (False, "", {})


REFUSED = [
    ("verify", "backups/never", {}, "there is no backup 'never'"),
    ("replicate", "backups/a/b", {}, "there is no backup 'a/b'"),
    ("take", "backups/shop/media", {}, "a backup is asked for as backups/SERVICE/SOURCE/CLASS"),
    ("restore", f"backups/{ID}", {"backup": ID}, "a restore is asked for as restores/ID"),
    ("restore", "restores/", {"backup": ID}, "a restore is asked for as restores/ID"),
    ("restore", "restores/" + "x" * 101, {"backup": ID}, "a restore is asked for as restores/ID"),
    ("restore", "restores/r", {}, "there is no backup ''"),
    (
        "restore",
        "restores/r",
        {"backup": ID, "target.url": "postgres://u:hunter2@h/d"},
        "a credential",
    ),
    ("restore", "restores/r", {"backup": ID, "detected_at": "soon"}, "detected_at: expected"),
    ("restore", "restores/r", {"backup": ID, "detected_at": "2026-11-24T02:00:00"}, "the offset"),
    ("verify", "restores/r", {}, "verify is nothing that a restore can be asked for"),
    ("acknowledge", f"backups/{ID}", {}, "acknowledge is nothing that a backup can be asked for"),
]


@pytest.mark.parametrize(("action", "about", "arguments", "reason"), REFUSED)
def test_what_makes_no_sense_is_refused_with_its_reason(platform, action, about, arguments, reason):
    assert ask(platform, action, about, **arguments) is None
    said, why = outcome(platform)
    assert said == "refused"
    assert reason in why


@pytest.mark.parametrize("action", get_args(Action))
@pytest.mark.parametrize(
    "about", [f"backups/{ID}", "backups/shop/media/daily", "backups/*", "backups/", "restores/r"]
)
def test_any_action_is_recorded_and_one_of_another_domain_refused(platform, action, about):
    ask(platform, action, about, backup=ID)
    said, why = outcome(platform)
    assert len(platform.documents(Audit)) == 1
    if action not in ACTIONS[about.partition("/")[0]]:
        assert (said, why != "") == ("refused", True)


@pytest.mark.parametrize("action", ["take", "verify", "prune", "restore"])
@pytest.mark.parametrize("proof", ["", "nobody:aoki"])
def test_without_any_proof_nothing_is_done(platform, action, proof):
    assert ask(platform, action, "backups/shop/media/daily", proof) is None
    assert outcome(platform) == ("refused", "it needs an actor who is proven")


def test_somebody_at_the_machine_may_name_another(platform):
    assert ask(platform, "prune", "backups/shop", "local:jiro") is not None


@pytest.mark.parametrize("about", ["incidents/inc-1", "rollouts/r", "backupsX/a"])
def test_what_is_no_backup_is_left_alone(platform, about):
    assert ask(platform, "take", about) is None
    assert platform.documents(Audit) == []


def test_the_slot_of_a_backup_by_hand_is_when_it_was_asked_for(platform):
    # The event that follows is later: the command line says the id before anything has happened.
    event = platform.send(
        CommandIssued(
            about="backups/shop/media/daily",
            action="take",
            actor="a",
            proof=AOKI,
            via="cli",
            at=NOON,
        )
    )
    platform.clock.advance(90)
    (message,) = platform.bus.messages
    platform.bus.messages.clear()
    platform.deliver("start_backup", Delivered(message, "m-1"))
    (due,) = map(from_message, platform.bus.messages)
    assert due.body.asked_at == event.time == NOON
    assert due.time == NOON + timedelta(seconds=90)
    assert backup_id("shop", "media", "daily", event.time).endswith("20261124T030000Z")


def test_a_target_key_that_its_kind_does_not_have_ends_a_restore(platform):
    """However it was asked for: a misspelt key would load into what was not meant."""
    asked = ask(platform, "restore", "restores/r", **{"backup": ID, "target.buckt": "x"})
    restore = Restore(
        id="r", service="shop", source="media", backup_id=ID, kind="bucket", purpose="recovery",
        region="tokyo", bucket="b", target=asked.target, requested_at=platform.clock.now(),
        lease_until=platform.clock.now(),
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"kind bucket has no 'buckt': bucket, prefix"):
        target_spec(restore, None)
