"""What the kinds of sources are given to work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toban.ports import Secrets, Store
from toban.ports.backup import Bucket, Keys


@dataclass(frozen=True, slots=True)
class SourcePorts:
    """
    The outside of a process that takes or restores backups.

    The `adapter` of every kind has ``source(options, world) -> Source``,
    ``format_(world) -> Format`` and ``target(options, world) -> Target``; `options` are the keys
    of the profile's section without ``type``. They connect to nothing before the first call of
    a method.
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
