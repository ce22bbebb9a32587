"""What the section `backup` needs: schedules, buckets, secrets."""

from __future__ import annotations

from collections.abc import Iterator

from toban.backups.section import BACKUP
from toban.events.backups import BackupDue, RestoreTestDue
from toban.kernel.clock.schedule import RecurringEvent, name_of
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.strictyaml.values import secrets_of


def schedules(profile: Profile) -> Iterator[RecurringEvent]:
    """Return the schedules of its plans and of its restore tests."""
    service, backup = profile[SERVICE], profile[BACKUP]
    if backup is None:
        return
    for plan in backup.plans:
        yield RecurringEvent(
            name=name_of(service.id, plan.source, plan.class_),
            cron=plan.schedule,
            zone=plan.zone or service.timezone,
            body=BackupDue(service=service.id, source=plan.source, class_=plan.class_),
            about=f"Backup of {service.id}/{plan.source}, {plan.class_}",
            service=service.id,
        )
    if backup.restore_test is not None:
        yield RecurringEvent(
            name=name_of(service.id, "restore-test"),
            cron=backup.restore_test.schedule,
            zone=backup.restore_test.zone or service.timezone,
            body=RestoreTestDue(service=service.id),
            about=f"Restore test of {service.id}",
            service=service.id,
        )


def buckets(profile: Profile) -> Iterator[str]:
    """Return every bucket that its backups read, write or test restores in."""
    backup = profile[BACKUP]
    if backup is None:
        return
    yield from (destination.bucket for destination in backup.destinations)
    for source in backup.sources.values():
        yield from source.buckets()
    tests = backup.restore_test.targets if backup.restore_test else ()
    yield from (target.bucket for target in tests if target.bucket)


def secrets(profile: Profile) -> Iterator[str]:
    """Return the names of the secrets of its sources, its targets and its key."""
    backup = profile[BACKUP]
    if backup is None:
        return
    for source in backup.sources.values():
        yield from secrets_of(source).values()
    tests = backup.restore_test.targets if backup.restore_test else ()
    yield from (target.url_secret for target in tests if target.url_secret)
    yield from (key.removeprefix("secret:") for key in backup.keys if key.startswith("secret:"))
