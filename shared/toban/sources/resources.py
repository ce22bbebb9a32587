"""Making buckets, keys, sources and targets from what a profile names."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, cast

from toban.kernel.binding import provides
from toban.kernel.kinds import module_of_kind
from toban.kernel.platform import Platform
from toban.ports import Secrets, Store
from toban.ports.backup import (
    RESOURCES,
    Bucket,
    Format,
    Keys,
    KeyUnavailable,
    Resources,
    Source,
    Spec,
    Target,
)
from toban.sources.base import source_kinds
from toban.sources.ports import SourcePorts


class _Kind(Protocol):
    """What the module ``adapter`` of a kind has."""

    def source(self, options: Mapping[str, object], ports: SourcePorts) -> Source: ...

    def format_(self, ports: SourcePorts) -> Format: ...

    def target(self, options: Mapping[str, object], ports: SourcePorts) -> Target: ...


class WorldResources:
    """The `toban.ports.backup.Resources` of a process; it imports only the kinds asked for."""

    def __init__(
        self,
        *,
        store: Store,
        secrets: Secrets,
        buckets: Callable[[str], Bucket],
        scratch: Path,
        environ: Mapping[str, str],
    ) -> None:
        """`scratch`: a directory for temporary files, made when it is needed."""
        self._secrets = secrets
        self._buckets = buckets
        existing = getattr(buckets, "existing", None)  # only those of a data directory make any
        self._ports = SourcePorts(store, secrets, buckets, self.keys, scratch, environ, existing)
        self._keys = functools.cache(self._make_keys)

    def bucket(self, name: str) -> Bucket:
        """See `toban.ports.backup.Resources`."""
        return self._buckets(name)

    def keys(self, reference: str) -> Keys:
        """Return the keys of ``secret:NAME``, of a Cloud KMS key (``projects/…/cryptoKeys/…``), or of several."""
        return self._keys(reference)

    def source(self, spec: Spec) -> Source:
        """See `toban.ports.backup.Resources`."""
        return _kind(spec.kind).source(spec.options, self._ports)

    def format(self, kind: str) -> Format:
        """See `toban.ports.backup.Resources`."""
        return _kind(kind).format_(self._ports)

    def target(self, spec: Spec) -> Target:
        """See `toban.ports.backup.Resources`."""
        return _kind(spec.kind).target(spec.options, self._ports)

    def _make_keys(self, reference: str) -> Keys:
        if len(several := reference.split()) > 1:
            from toban.sources.key_ring import KeyRing

            return KeyRing(several, self.keys)
        if reference.startswith("secret:"):
            from toban.adapters.local.files.keys import SecretKeys

            return SecretKeys(self._secrets, reference.removeprefix("secret:"))
        if reference.startswith("projects/"):
            from toban.adapters.google.storage.kms import KmsKeys

            return KmsKeys(reference)
        raise KeyUnavailable(f"not a key: {reference[:80]!r} (secret:NAME or projects/…)")


@provides(RESOURCES)
def resources(platform: Platform, secrets: Secrets) -> Resources:
    """Return the resources of a function; raises `RuntimeError` in a world without buckets."""
    if platform.buckets is None:
        raise RuntimeError("this platform has no buckets")
    return WorldResources(
        store=platform.store,
        secrets=secrets,
        buckets=platform.buckets,
        scratch=Path(tempfile.gettempdir()) / "toban",
        environ=os.environ,
    )


def _kind(name: str) -> _Kind:
    known = source_kinds()
    if name not in known:
        raise ValueError(f"not a kind of source: {name!r} (known: {', '.join(sorted(known))})")
    return cast("_Kind", module_of_kind(known[name], "adapter"))
