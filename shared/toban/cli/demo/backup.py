"""The second act of `toban demo`: a backup is due, is proven, and brings everything back."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any, Protocol

from toban.adapters.local.files.buckets import FileBuckets
from toban.backups.documents import Backup
from toban.backups.policy.restores import Restore
from toban.backups.section import BACKUP
from toban.cli.backups.common import length
from toban.cli.demo.stage import DemoRuntime
from toban.cli.kit.session import new_event
from toban.cli.kit.terminal import Terminal
from toban.events.backups import BackupDue, RestoreRequested
from toban.kernel.event import to_message
from toban.profile.profile import Profile
from toban.profile.section import SERVICE

SOURCE = "storage"
CLASS = "daily"
PHOTOS = 120


class Narrator(Protocol):
    """Tells what the demo does."""

    service: str
    nonce: str
    terminal: Terminal

    @property
    def stage(self) -> DemoRuntime:
        """Where it is played."""
        ...

    def scene(self, key: str, **values: object) -> None:
        """What is about to happen."""
        ...

    def fact(self, key: str, **values: object) -> None:
        """What the store says."""
        ...


def play(story: Narrator) -> None:
    """Data, its backup in two regions, its loss, and its return from the far region alone."""
    profile = story.stage.reader.profiles()[story.service]
    section = profile[BACKUP]
    assert section is not None
    source = section.sources[SOURCE]
    (bucket,) = source.buckets()
    buckets = FileBuckets(story.stage.data / "buckets")
    data = buckets(bucket)
    for number in range(PHOTOS):
        content = hashlib.sha256(str(number).encode()).digest() * (200 + number)
        data.create(f"voice/2026-11/{number:03}.ogg", content, "audio/ogg")
    before = {info.name: (info.size, info.crc32c) for info in data.list()}

    story.scene("demo.backup.due", schedule=section.plans[0].schedule, objects=len(before))
    publish(
        story, BackupDue(service=story.service, source=SOURCE, class_=CLASS, requested_by="demo")
    )
    backup = story.stage.until(lambda: _verified(story), "the backup")
    took = (backup.verified_at - backup.started_at).total_seconds() if backup.verified_at else 0
    story.fact("demo.backup.verified", id=backup.id, seconds=f"{took:.1f}", bytes=backup.bytes)
    for copy in backup.copies:
        story.fact(
            "demo.backup.copy", region=copy.region, bucket=copy.bucket, level=copy.level or "-"
        )

    far = backup.copies[-1]
    story.scene("demo.backup.lost", bucket=bucket, region=backup.copies[0].region)
    for name in (bucket, backup.copies[0].bucket):
        for info in list(buckets(name).list()):
            buckets(name).delete(info.name)
    story.fact("demo.backup.gone", objects=sum(1 for _ in data.list()))
    restore = restored(story, profile, backup, far.region, bucket)
    after = {info.name: (info.size, info.crc32c) for info in data.list()}
    same = sum(1 for name, what in before.items() if after.get(name) == what)
    story.fact("demo.backup.back", same=same, objects=len(before), region=far.region)
    say, language = story.terminal.say, story.terminal.language
    spans = [f"{say(f'span.{span}')} {length(language, s)}" for span, s in restore.spans.items()]
    story.fact("demo.backup.spans", spans=("、" if language == "ja" else ", ").join(spans))


def restored(
    story: Narrator, profile: Profile, backup: Backup, region: str, bucket: str
) -> Restore:
    """Ask for the restore as `toban restore` does, and wait for its end."""
    restore_id = f"demo-{story.nonce[:12]}"
    publish(
        story,
        RestoreRequested(
            restore_id=restore_id,
            service=profile[SERVICE].id,
            source=SOURCE,
            backup_id=backup.id,
            purpose="recovery",
            region=region,
            target={"bucket": bucket},
            onto_source=True,
            requested_by="demo",
            detected_at=datetime.now(UTC),
        ),
    )

    def ended() -> Restore | None:
        found = story.stage.reader.get(Restore, restore_id)
        return found if found is not None and found.status != "running" else None

    return story.stage.until(ended, "the restore")


def publish(story: Narrator, body: Any) -> None:
    """As the command line does."""
    story.stage.bus.publish([to_message(new_event(body, datetime.now(UTC)))])


def _verified(story: Narrator) -> Backup | None:
    found = story.stage.reader.find(Backup, ("service", "==", story.service))
    return found[0] if found and found[0].status == "verified" else None
