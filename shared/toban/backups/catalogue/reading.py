"""Opening a copy of a backup: its manifest, its key, its stream and the objects besides it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from toban.backups.catalogue.manifest import Manifest, PartEntry, decode, entries
from toban.backups.catalogue.plans import backup_prefix
from toban.backups.catalogue.readback import fetch_from, read_parts, read_stream
from toban.backups.documents import Backup
from toban.backups.storage import layout
from toban.backups.storage.sealing import BackupLocation
from toban.ports.backup import Bucket, Damaged, ObjectRef, Resources


class NoManifest(Damaged):
    """The copy has no manifest: it never had one, or it is gone."""


class BaseDamaged(Damaged):
    """A backup on which this one builds is damaged."""

    def __init__(self, backup_id: str, reason: str) -> None:
        super().__init__(reason)
        self.backup_id = backup_id


@contextmanager
def blaming(backup_id: str) -> Iterator[None]:
    """Raise `BaseDamaged` for damage that is met inside: it is that backup's."""
    try:
        yield
    except Damaged as error:
        raise BaseDamaged(backup_id, str(error)) from error


@dataclass(frozen=True)
class OpenedCopy:
    """An opened copy of a backup; everything read from it is checked."""

    manifest: Manifest
    location: BackupLocation
    _location_of: Callable[[str], BackupLocation]

    @property
    def bucket(self) -> Bucket:
        """Return the bucket of the copy."""
        return self.location.bucket

    def entries(self) -> Iterator[PartEntry]:
        """Yield the parts that the manifest lists; raises `Damaged`."""
        return entries(self.manifest, self.bucket.read)

    def stream(self) -> Iterator[bytes]:
        """Yield the whole plain stream; raises `Damaged`."""
        return read_stream(self.location, self.manifest)

    def parts(self, first: int = 1) -> Iterator[Iterator[bytes]]:
        """Yield the plain content of each part from number `first` on; raises `Damaged`."""
        for part in read_parts(self.location, self.manifest, first=first):
            yield part.pieces()

    def find_base(self, backup_id: str) -> None:
        """Raise `BaseDamaged` unless a backup that it builds on has its manifest in this bucket."""
        with blaming(backup_id):
            self._location_of(backup_id)

    def fetch(self, ref: ObjectRef) -> Iterator[bytes]:
        """Yield an object besides the stream; raises `Damaged`, or `BaseDamaged` for one of a base."""
        try:
            yield from fetch_from(self._location_of)(ref)
        except Damaged as error:
            if ref.backup_id in self.manifest.needs:
                raise BaseDamaged(ref.backup_id, str(error)) from error
            raise


class CopyOpener:
    """Opens copies, with the keys of the profile."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def open(self, prefix: str, bucket_name: str, key: str) -> OpenedCopy:
        """
        Return the copy below `prefix` in a bucket; `key`: the profile's reference, empty if
        it has none.

        A backup that builds on others finds them in the same bucket: one region restores
        alone. Raises `Damaged` (`NoManifest`), `KeyUnavailable` or
        `toban.ports.Unavailable`.
        """
        bucket = self._resources.bucket(bucket_name)
        manifest, data_key = self._manifest(bucket, prefix, key)
        own = BackupLocation(bucket, prefix, manifest.backup_id, data_key)
        locations = {manifest.backup_id: own}

        def location_of(backup_id: str) -> BackupLocation:
            if backup_id not in locations:
                if backup_id not in manifest.needs:
                    raise Damaged(f"{prefix}: refers to {backup_id}, on which it does not build")
                where = backup_prefix(manifest.service, manifest.source, backup_id)
                try:
                    _, base_key = self._manifest(bucket, where, key)
                except NoManifest as error:
                    raise Damaged(str(error)) from error  # of the base, not of this copy
                locations[backup_id] = BackupLocation(bucket, where, backup_id, base_key)
            return locations[backup_id]

        return OpenedCopy(manifest, own, location_of)

    def _manifest(self, bucket: Bucket, prefix: str, key: str) -> tuple[Manifest, bytes | None]:
        name = prefix + layout.MANIFEST
        try:
            data = bucket.read(name)
        except KeyError as error:
            raise NoManifest(f"{name} is missing") from error
        unwrap = self._resources.keys(key).unwrap if key else None
        return decode(data, unwrap, name=name)


def open_copy(opener: CopyOpener, backup: Backup, bucket: str, key: str) -> OpenedCopy:
    """
    Return a copy of a backup of the catalogue; raises `Damaged` when it is another backup's.

    Its data key may be wrapped by any key that unwraps it: while keys are rotated copies differ.
    """
    opened = opener.open(backup.prefix, bucket, key)
    if backup.key_id and opened.manifest.key is None:
        name = backup.prefix + layout.MANIFEST
        raise Damaged(f"{name}: is not encrypted, and the catalogue says that it is")
    return opened
