"""Sources and targets on a server for tests."""

from __future__ import annotations

from pathlib import Path

from tests.plugins.servers import Postgres
from tests.unit.sources.desk import (
    GivenSecrets,
    world,
)
from toban.ports.backup import (
    Source,
    Target,
)
from toban.sources.postgres import adapter as postgres


def source_of(server: Postgres, database: str, scratch: Path) -> Source:
    secrets = GivenSecrets(DB_URL=server.url(database))
    return postgres.source({"url_secret": "DB_URL"}, world(scratch, secrets))


def target_on(server: Postgres, scratch: Path, **options: object) -> Target:
    secrets = GivenSecrets(STAGING_URL=server.url())
    given = {"url_secret": "STAGING_URL", "restore_id": "rst-1", "purpose": "test", **options}
    return postgres.target(given, world(scratch, secrets))
