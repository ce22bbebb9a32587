"""
The data key of a backup: made once, wrapped by the profile's key, never written anywhere else.

When the profile's key is rotated, a data key that is in use stays, and is wrapped anew. A profile that names a key never gets an unencrypted backup: everything here raises instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from toban.backups.catalogue.manifest import (
    Manifest,
    ManifestKey,
    Unwrap,
    decode,
    encode,
    key_context,
)
from toban.backups.documents import Backup
from toban.backups.section import BACKUP
from toban.backups.storage.frames import KEY_BYTES
from toban.kernel.documents import Documents
from toban.ports.backup import Keys, KeyUnavailable, WrappedKey
from toban.profile.store import current, pinned


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


# --- wrapping it anew ------------------------------------------------------------------------


def key_of(documents: Documents, backup: Backup, *, present: bool = False) -> str:
    """
    Return the keys that may open a backup, as `toban.ports.backup.Resources.keys` takes them; empty: it has none.

    Those of the profile version that it pins, and those of its service's profile of now, to which it may
    have been moved; the first of them is the pinned one's, or with `present` the one that wraps now. Raises
    `LookupError` when the store does not have that version.
    """
    section = pinned(documents, backup.service, backup.profile_version)[BACKUP]
    own = section.keys if section is not None else ()
    if not own:
        return ""
    found = current(documents).get(backup.service)
    now = found.profile[BACKUP] if found is not None else None
    moved = now.keys if now is not None else ()
    return " ".join(dict.fromkeys((*moved, *own) if present else (*own, *moved)))


def present_key(holder: Keys) -> str:
    """Return the id of the key that wraps now; raises `KeyUnavailable`."""
    return holder.wrap(bytes(KEY_BYTES), b"toban: which key is it").key_id


def same_but_key(one: Manifest, other: Manifest) -> bool:
    """Return whether two manifests say the same, under whichever key."""
    same = msgspec.structs.replace(one, key=other.key) == other
    return same and (one.key is None) == (other.key is None)


def opened_by(data_key: bytes | None) -> Unwrap:
    """Return what a manifest is judged with whose data key is known from another copy."""

    def known(key: WrappedKey, _context: bytes) -> bytes:
        if data_key is None:
            raise KeyUnavailable(f"it is under {key.key_id}, and the backup is not encrypted")
        return data_key

    return known


def wrapped_anew(data: bytes, key: ManifestKey, data_key: bytes, *, name: str) -> bytes:
    """
    Return a manifest's bytes with its data key wrapped by another key, and else as they were.

    Raises `Damaged` when it is not authentic, and `ValueError` for one that a newer release has
    written: what this one does not know of it would be lost.
    """
    manifest, _ = decode(data, opened_by(data_key), name=name)
    if encode(manifest, data_key) != data:
        raise ValueError(f"{name}: was written by a newer release, which has to wrap it anew")
    return encode(msgspec.structs.replace(manifest, key=key), data_key)
