"""A Firestore database, as a profile says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from toban.sources.base import SourceSection, StagingTarget


class FirestoreSourceSection(SourceSection, frozen=True, tag="firestore", tag_field="type"):
    """A Firestore database: a scan at one read time, or Google's managed export."""

    RANK: ClassVar[int] = 10
    ITEMS: ClassVar[bool] = True
    ADDRESS: ClassVar[tuple[str, ...]] = ("project", "database")
    TO: ClassVar[tuple[str, ...]] = ("project", "database", "overwrite", "ramp", "bucket", "only")

    project: str
    database: str = "(default)"
    managed: bool = False
    """Use the Admin API's export into the first destination's bucket instead of the scan."""

    def place(self) -> Mapping[str, str]:
        """See `SourceSection.place`."""
        return {"database": f"{self.project}/{self.database}"}

    def place_of(self, target: StagingTarget) -> Mapping[str, str]:
        """See `SourceSection.place_of`."""
        found = dict(super().place_of(target))
        found["database"] = f"{target.project}/{target.database or '(default)'}"
        return found

    def needs(self, target: StagingTarget) -> str:
        """Google imports a managed export from a bucket of the database's location."""
        if self.managed:
            return "" if target.project and target.bucket else "project + bucket"
        return "" if target.project else "project"
