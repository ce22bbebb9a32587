"""PostgreSQL, as a profile says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from toban.sources.base import BackupStorage, SourceSection, StagingTarget
from toban.sources.postgres.texts import both
from toban.strictyaml.report import Report
from toban.strictyaml.values import SecretName

_INSTANCE = re.compile(r"[a-z][a-z0-9-]*(:[a-z0-9-]+)+", re.ASCII)


class PostgresSourceSection(SourceSection, frozen=True, tag="postgres", tag_field="type"):
    """A PostgreSQL database by ``pg_dump``, or a Cloud SQL instance by its export."""

    RANK: ClassVar[int] = 30
    ADDRESS: ClassVar[tuple[str, ...]] = ("url_secret", "database")
    OWN_PLACE: ClassVar[bool] = True
    TO: ClassVar[tuple[str, ...]] = (
        "url_secret", "database", "clean", "overwrite", "only", "owners", "locale", "settings",
    )  # fmt: skip

    url_secret: SecretName = ""
    """Secret with a connection URL (``postgresql://user:password@host/database``)."""
    instance: str = ""
    """Cloud SQL instance (``project:instance``) to be exported by Google; needs `database`."""
    database: str = ""

    def place(self) -> Mapping[str, str]:
        """See `SourceSection.place`."""
        return {"url_secret": self.url_secret} if self.url_secret else {}

    def needs(self, target: StagingTarget) -> str:
        """See `SourceSection.needs`."""
        return "" if target.url_secret else "url_secret"

    def check(self, path: str, report: Report, storage: BackupStorage) -> None:  # noqa: ARG002
        """See `SourceSection.check`."""
        from toban.sources.naming import check_instance, check_server

        check_server(self.url_secret, self.instance, path, report)
        if self.instance and not self.database:
            report.error(
                "incomplete",
                path,
                both("finding.postgres.incomplete"),
            )
        check_instance(self.instance, _INSTANCE, "project:instance", path, report)
