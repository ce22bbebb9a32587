"""Redis, as a profile says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from toban.sources.base import BackupStorage, SourceSection, StagingTarget
from toban.strictyaml.report import Report
from toban.strictyaml.values import SecretName

_INSTANCE = re.compile(r"projects/[^/]+/locations/[^/]+/instances/[^/]+")


class RedisSourceSection(SourceSection, frozen=True, tag="redis", tag_field="type"):
    """A Redis by its replication protocol, or a Memorystore instance by its export."""

    RANK: ClassVar[int] = 40
    ADDRESS: ClassVar[tuple[str, ...]] = ("url_secret",)
    TO: ClassVar[tuple[str, ...]] = ("url_secret", "through", "overwrite", "only")

    url_secret: SecretName = ""
    """Secret with ``redis://[user:password@]host:port``."""
    instance: str = ""
    """Memorystore instance (``projects/…/locations/…/instances/…``)."""

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
        form = "projects/…/locations/…/instances/…"
        check_instance(self.instance, _INSTANCE, form, path, report)
