"""
The data key of a backup: made once, wrapped by the profile's key, never written anywhere else.

A profile that names a key never gets an unencrypted backup: everything here raises instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from toban.backups.catalogue.manifest import key_context
from toban.backups.storage.frames import KEY_BYTES
from toban.ports.backup import Keys, KeyUnavailable, WrappedKey


@dataclass(frozen=True, slots=True)
class DataKey:
    """The data key of a backup, with its wrapped form."""

    plain: bytes = field(repr=False)
    wrapped: WrappedKey


def new_data_key(
    reference: str,
    keys: Callable[[str], Keys],
    backup_id: str,
    random: Callable[[int], bytes] = os.urandom,
) -> DataKey | None:
    """
    Return a key for a new backup; None when the profile names no key (`reference` is empty).

    `keys` is `toban.ports.backup.Resources.keys`. Raises `KeyUnavailable` when the key cannot
    wrap it, or cannot unwrap again what it wrapped: better now than at the restore.
    """
    if not reference:
        return None
    holder = keys(reference)
    plain = random(KEY_BYTES)
    wrapped = holder.wrap(plain, key_context(backup_id))
    if holder.unwrap(wrapped, key_context(backup_id)) != plain:
        raise KeyUnavailable(f"{wrapped.key_id} gave back another key than it had wrapped")
    return DataKey(plain, wrapped)


def data_key_for(
    reference: str,
    keys: Callable[[str], Keys],
    backup_id: str,
    wrapped: WrappedKey | None,
) -> bytes | None:
    """
    Return the data key of a backup under way, from what its checkpoint or manifest holds.

    None only when neither the profile names a key nor the backup has one. Raises
    `KeyUnavailable` for a backup without a key although the profile names one, for one with a
    key although the profile names none any more, and when the key cannot be used.
    """
    if wrapped is None:
        if reference:
            raise KeyUnavailable(
                f"backup {backup_id} began without encryption, but the profile names a key:"
                " nothing more is written to it"
            )
        return None
    if not reference:
        raise KeyUnavailable(
            f"backup {backup_id} is encrypted under {wrapped.key_id}, and the profile names no key"
        )
    return keys(reference).unwrap(wrapped, key_context(backup_id))
