"""The ports that kinds of sources work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toban.ports import Secrets, Store
from toban.ports.backup import Bucket, Keys


@dataclass(frozen=True, slots=True)
class SourcePorts:
    """
    The ports of a process that takes or restores backups.

    The `adapter` of every kind has ``source(options, ports) -> Source``, ``format_(ports) ->
    Format`` and ``target(options, ports) -> Target``; `options` are the keys of the profile's
    section without ``type``. They connect to nothing before the first call of a method.
    """

    store: Store
    """Where toban's own documents are (profiles)."""
    secrets: Secrets
    buckets: Callable[[str], Bucket]
    keys: Callable[[str], Keys]
    """By a profile's ``key``; raises `toban.ports.backup.KeyUnavailable`."""
    scratch: Path
    """A directory for temporary files; what is left there by a crash may be removed."""
    environ: Mapping[str, str]
    existing: Callable[[str], Bucket] | None = None
    """As `buckets`, where those make what is not there yet: this makes none. None: they make none."""

    def bucket_to_read(self, name: str) -> Bucket:
        """Return a bucket that has to be there: one that is not, or is misspelt, never looks empty."""
        return (self.existing or self.buckets)(name)
