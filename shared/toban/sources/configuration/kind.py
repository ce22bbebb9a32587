"""The configuration, as a profile says it."""

from __future__ import annotations

from typing import ClassVar

from toban.sources.base import SourceSection


class ConfigurationSourceSection(SourceSection, frozen=True, tag="configuration", tag_field="type"):
    """Profiles as applied, Cloud Scheduler jobs, IAM policy, names of secrets (never values)."""

    RANK: ClassVar[int] = 50
    TO: ClassVar[tuple[str, ...]] = ("directory", "only")
    TELLS_CHANGE: ClassVar[bool] = True
    ITEMS: ClassVar[bool] = True

    project: str = ""
    """Empty: only what the store holds."""
    location: str = ""
    paths: tuple[str, ...] = ()
    """Files and directories beside them (only where the function runs beside these)."""
