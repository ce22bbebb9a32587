"""A service whose backups lie in two regions, on a data directory of its own."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

from toban.adapters.local.files.buckets import FileBuckets
from toban.backups.documents import Backup
from toban.cli.kit.reader import StoreReader

BACKUP = """\
backup:
  destinations:
    - {{bucket: shop-tokyo, region: asia-northeast1}}
    - {{bucket: shop-osaka, region: asia-northeast2}}
  key: "secret:BACKUP_KEY"
  sources:
    media: {{type: bucket, bucket: shop-media}}
    logs: {{type: logs, paths: [{logs}]}}
  plans:
    - {{source: media, class: daily, schedule: "0 3 * * *", keep: {{daily: 1}}}}
    - {{source: media, class: weekly, schedule: "0 4 * * 0", keep: {{weekly: 4}}}}
    - {{source: logs, class: daily, schedule: "30 3 * * *", keep: {{keep_days: 30}}, on_change: true}}
  objectives:
    - {{name: media lost, sources: [media], rpo: 25h, rto: 10m, severity: 1}}
    - {{name: logs lost, sources: [logs], rpo: 25h}}
  restore_test:
    schedule: "0 5 * * 0"
    targets:
      - {{source: media, bucket: shop-staging, queries: [{{query: a.txt, expect: "> 0"}}]}}
"""
KEY = base64.b64encode(bytes(range(32))).decode()
MEDIA = {"a.txt": b"first", "pictures/b.jpg": bytes(range(256)) * 2000, "leer": b""}


class Vault:
    """`toban` on a service with backups; every directory can be looked at and destroyed."""

    def __init__(self, desk: Any, home: Path) -> None:
        self.desk = desk
        self.home = home
        self.run = desk.run

    @property
    def data(self) -> Path:
        return Path(self.desk.data)

    @property
    def buckets(self) -> FileBuckets:
        return FileBuckets(self.data / "buckets")

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """What a bucket holds, without `prefix`."""
        found = self.buckets(bucket)
        return {
            info.name.removeprefix(prefix): found.read(info.name) for info in found.list(prefix)
        }

    def backups(self, *more: str) -> list[dict[str, Any]]:
        found = self.run("backups", "list", "--json", *more).json()
        assert isinstance(found, list)
        return found

    def take(self, source: str = "media", class_: str = "daily") -> str:
        """The id of a backup taken now."""
        said = self.run("backups", "run", "shop", source, class_, "--json")
        assert said.code == 0, said.err
        return str(said.json()["id"])

    def next_second(self) -> None:
        """Wait for it: a slot by hand is the second in which it was asked for."""
        time.sleep(1 - time.time() % 1)

    def document(self, id: str) -> Backup:
        from toban.adapters.local.sqlite.database import SqliteDatabase
        from toban.adapters.local.sqlite.store import SqliteStore

        database = SqliteDatabase(self.data / "toban.db")
        try:
            found = StoreReader(SqliteStore(database)).get(Backup, id)
        finally:
            database.close()
        assert found is not None
        return found

    def put(self, document: Any) -> None:
        """Write a document as it is: the past, or what somebody else did."""
        from toban.adapters.local.sqlite.database import SqliteDatabase
        from toban.adapters.local.sqlite.store import SqliteStore
        from toban.kernel.document import encode
        from toban.ports import Create, Update

        database = SqliteDatabase(self.data / "toban.db")
        try:
            store, key = SqliteStore(database), document.key(document.id)
            before = store.get([key])[0]
            data = encode(document)
            store.commit(
                [Create(key, data) if before is None else Update(key, data, before.version)]
            )
        finally:
            database.close()

    def damage(self, bucket: str, ending: str, at: int = 100) -> str:
        """Change one byte of the only object whose name ends so; its name."""
        (name,) = (n for n in self.objects(bucket) if n.endswith(ending))
        path = self.data / "buckets" / bucket / name
        content = bytearray(path.read_bytes())
        content[at] ^= 1
        path.unlink()
        path.write_bytes(content)
        return name

    def damage_manifest(self, bucket: str, id: str) -> None:
        """Change one byte of a backup's manifest."""
        self.damage(bucket, f"/{id}/manifest.json")

    def put_back(self, bucket: str, objects: dict[str, bytes]) -> None:
        """Have a bucket hold what it held before."""
        for name, data in objects.items():
            self.buckets(bucket).upload(name, [data])
