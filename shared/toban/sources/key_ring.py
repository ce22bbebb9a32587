"""Several keys as one: while backups are moved from one to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from toban.ports.backup import Keys, KeyUnavailable, WrappedKey


class KeyRing:
    """The `Keys` port by several keys: the first wraps, each opens what it has wrapped."""

    def __init__(self, references: Sequence[str], keys: Callable[[str], Keys]) -> None:
        """`keys`: what makes the keys of one of the `references`."""
        self._references = tuple(references)
        self._keys = keys

    def wrap(self, data_key: bytes, context: bytes) -> WrappedKey:
        """See `toban.ports.backup.Keys`."""
        return self._keys(self._references[0]).wrap(data_key, context)

    def unwrap(self, key: WrappedKey, context: bytes) -> bytes:
        """See `toban.ports.backup.Keys`; raises what the first said, and that the others could not, either."""
        refused: list[KeyUnavailable] = []
        for reference in self._references:
            try:
                return self._keys(reference).unwrap(key, context)
            except KeyUnavailable as error:
                refused.append(error)
        raise KeyUnavailable("; ".join(dict.fromkeys(map(str, refused)))) from refused[0]
