"""
The base of every kind of source: a section of a profile that says what is backed up, and where it
is.

A kind is one folder of this package: ``kind`` (its section, and what others have to know of it) and
``adapter`` (which reads it, checks what was read, and loads it back).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from toban.kernel.kinds import kinds, tag_of
from toban.ports.backup import Spec
from toban.strictyaml.report import Report
from toban.strictyaml.values import Seconds, SecretName, Section


class ContentQuery(Section, frozen=True):
    """A content check after a restore test, as a profile has it."""

    query: str
    expect: str = ""
    """A value, or a bound as ``>= 10``; empty: any answer will do."""


class StagingTarget(Section, frozen=True):
    """The target into which restore tests load a source; never the source itself."""

    source: str
    url_secret: SecretName = ""
    """PostgreSQL and Redis: a server for tests. A database of PostgreSQL is made and removed."""
    project: str = ""
    database: str = ""
    bucket: str = ""
    queries: tuple[ContentQuery, ...] = ()
    every: Seconds | msgspec.UnsetType = msgspec.UNSET
    """How often this source has to pass a test; unset: as `restore_test.every` says."""
    within: Seconds | msgspec.UnsetType = msgspec.UNSET
    """A test of it that takes longer has failed; unset: as `restore_test.within` says."""


@dataclass(frozen=True, slots=True)
class BackupStorage:
    """The buckets of a profile's backups, as far as a source's check has to know them."""

    buckets: frozenset[str]
    sealed: bool
    """They are encrypted by a key of the profile's."""


class SourceSection(Section, frozen=True, tag_field="type", kw_only=True):
    """One source of a service, as a profile has it: the base of every kind."""

    RANK: ClassVar[int] = 90
    """Where the kind stands in lists of kinds."""
    TELLS_CHANGE: ClassVar[bool] = False
    """Whether it can be told that nothing changed (`toban.ports.backup.SourceSnapshot.fingerprint`)."""
    INCREMENTAL: ClassVar[bool] = False
    """Whether it can be read for what changed since an earlier backup."""
    ITEMS: ClassVar[bool] = False
    """Whether its stream counts items: then nothing at all is noticed."""
    HERE: ClassVar[bool] = False
    """Whether it is there on any machine that runs toban, as buckets are (directories)."""
    ADDRESS: ClassVar[tuple[str, ...]] = ()
    """The keys that name the data itself, to load it back onto; empty: it is only read."""
    TO: ClassVar[tuple[str, ...]] = ()
    """The keys that a person may give a target (``--to KEY=VALUE``)."""
    OWN_PLACE: ClassVar[bool] = False
    """Whether a restore test makes a place of its own in its target, so that targets may be the same."""

    environment: str | msgspec.UnsetType = msgspec.UNSET
    """Whose data these are; unset: of ``production``."""

    @property
    def spec(self) -> Spec:
        """The source as `toban.ports.backup.Resources.source` takes it: whose data they are makes no difference there."""
        options = msgspec.to_builtins(self)
        assert isinstance(options, dict)
        options.pop("environment", None)
        return Spec(kind=str(options.pop("type")), options=options)

    def place(self) -> Mapping[str, str]:
        """
        Return where the data are, as far as the profile says, by the key of a target that
        names it.
        """
        return {}

    def place_of(self, target: StagingTarget) -> Mapping[str, str]:
        """Return where a target for a backup of it is, with the keys of `place`."""
        found = {"bucket": target.bucket, "url_secret": target.url_secret}
        return {key: value for key, value in found.items() if value}

    def needs(self, target: StagingTarget) -> str:
        """Return which keys a target for a backup of it lacks; empty: none."""
        return "" if target.bucket else "bucket"

    def buckets(self) -> frozenset[str]:
        """Return the buckets that it is read from."""
        return frozenset()

    def check(self, path: str, report: Report, storage: BackupStorage) -> None:
        """Report what is missing or wrong; `path` is the source's own."""


def source_kinds() -> dict[str, type[SourceSection]]:
    """Return every kind of source by the name that a profile uses."""
    found: tuple[type[Any], ...] = kinds("toban.sources", SourceSection)
    return {tag_of(kind): kind for kind in found}
