"""Log files, as a profile says it."""

from __future__ import annotations

from typing import ClassVar

from toban.sources.base import BackupStorage, SourceSection
from toban.sources.logs.texts import both
from toban.strictyaml.report import Report


class LogsSourceSection(SourceSection, frozen=True, tag="logs", tag_field="type"):
    """Files below directories, as they are when read."""

    RANK: ClassVar[int] = 60
    TO: ClassVar[tuple[str, ...]] = ("directory", "only")
    TELLS_CHANGE: ClassVar[bool] = True
    ITEMS: ClassVar[bool] = True

    paths: tuple[str, ...]
    exclude: tuple[str, ...] = ()

    def check(self, path: str, report: Report, storage: BackupStorage) -> None:  # noqa: ARG002
        """See `SourceSection.check`."""
        if not self.paths:
            report.error("empty", f"{path}.paths", both("finding.logs.empty"))
