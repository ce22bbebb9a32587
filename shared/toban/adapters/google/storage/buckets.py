"""A bucket of Cloud Storage, for backups (`toban.ports.backup.Bucket`)."""

from __future__ import annotations

import base64
import itertools
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from google.cloud.storage import Client

from toban.adapters.google.storage.client import (
    FAILURES,
    RETRY,
    TIMEOUT_S,
    connect,
    status_of,
    unavailable,
    undecided,
)
from toban.adapters.objects import (
    CREATE_MAX_BYTES,
    DEFAULT_TYPE,
    blocks,
    check_object_name,
    check_size,
    compare,
    crc32c,
    in_ranges,
)
from toban.ports import Stale, Unavailable
from toban.ports.backup import Bucket, DeleteBlocked, ObjectInfo

_PAGE = 1_000
_PAUSE_S = 0.3
_REWRITE_TIMEOUT_S = 90.0
"""One call of a rewrite copies for about half a minute, then it answers with a token."""

_FIELDS = (
    "items(name,size,crc32c,generation,contentType,metadata,"
    "cacheControl,contentDisposition,contentEncoding,contentLanguage),nextPageToken"
)
_HEADERS = {
    "Cache-Control": "cache_control",
    "Content-Disposition": "content_disposition",
    "Content-Encoding": "content_encoding",
    "Content-Language": "content_language",
}
_BLOCKING = {"retentionPolicyNotMet", "objectUnderActiveHold"}
_BLOCKED = re.compile(
    r"retention policy|object retention|active (?:temporary|event-based) hold", re.IGNORECASE
)


class GcsBucket:
    """
    One bucket of Cloud Storage.

    An object is created by one request under the precondition that it does not exist. When the
    answer is lost, what lies there decides: the same bytes are ours.
    """

    def __init__(self, name: str, client: Callable[[], Client] = connect) -> None:
        """`client` is called at the first request, not here."""
        self._name = name
        self._client = client

    @property
    def name(self) -> str:
        """See `toban.ports.backup.Bucket`."""
        return self._name

    def create(
        self,
        name: str,
        data: bytes,
        content_type: str = DEFAULT_TYPE,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo | None:
        """See `toban.ports.backup.Bucket`."""
        check_size(name, data)
        blob = self._blob(name)
        blob.metadata = dict(metadata or {}) or None

        def send() -> ObjectInfo:
            blob.upload_from_string(
                data,
                content_type=content_type,
                if_generation_match=0,
                checksum="crc32c",
                timeout=TIMEOUT_S,
                retry=None,
            )
            return _info(blob)

        wanted = ObjectInfo(name, len(data), crc32c(data), 0)
        return self._settled("creating", wanted, send)

    def stat(self, name: str, generation: int | None = None) -> ObjectInfo | None:
        """See `toban.ports.backup.Bucket`."""
        check_object_name(name)
        try:
            blob = self._bucket().get_blob(
                name, generation=generation, timeout=TIMEOUT_S, retry=RETRY
            )
        except FAILURES as error:
            raise unavailable("looking at", name, error) from error
        return None if blob is None else _info(blob)

    def read(
        self,
        name: str,
        *,
        start: int = 0,
        end: int | None = None,
        generation: int | None = None,
    ) -> bytes:
        """See `toban.ports.backup.Bucket`; as stored, even with ``Content-Encoding: gzip``."""
        if end is not None and end <= start:
            if self.stat(name, generation) is None:
                raise KeyError(name)
            return b""
        blob = self._blob(name, generation)
        whole = start == 0 and end is None
        try:
            return bytes(
                blob.download_as_bytes(
                    start=None if whole else start,
                    end=None if end is None else end - 1,
                    raw_download=True,
                    checksum="crc32c" if whole else None,
                    timeout=TIMEOUT_S,
                    retry=RETRY,
                )
            )
        except FAILURES as error:
            if status_of(error) == 404:
                raise KeyError(name) from error
            if status_of(error) == 416:  # begins behind the end, as a slice may
                return b""
            raise unavailable("reading", name, error) from error

    def list(self, prefix: str = "", after: str = "") -> Iterator[ObjectInfo]:
        """See `toban.ports.backup.Bucket`."""
        least = after.encode()
        try:
            found = self._client().list_blobs(
                self._name,
                prefix=prefix or None,
                start_offset=after or None,  # including
                page_size=_PAGE,
                fields=_FIELDS,
                timeout=TIMEOUT_S,
                retry=RETRY,
            )
            for blob in found:
                # An emulator may not know the offset.
                if blob.name.encode() > least:
                    yield _info(blob)
        except FAILURES as error:
            raise unavailable("listing", f"{self._name}/{prefix}", error) from error

    def copy(
        self, source: Bucket, name: str, to: str, generation: int | None = None
    ) -> ObjectInfo | None:
        """See `toban.ports.backup.Bucket`; inside Cloud Storage no byte passes through here."""
        found = source.stat(name, generation)
        if found is None:
            raise KeyError(name)
        if isinstance(source, GcsBucket):
            copied = self._rewrite(source, found, to)
        elif self.stat(to) is not None:
            return None
        else:
            copied = self._copy_bytes(source, found, to)
        if copied is not None:
            compare(copied, found, self._name)
        return copied

    def upload(
        self,
        name: str,
        data: Iterable[bytes],
        content_type: str = DEFAULT_TYPE,
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        over: int | None = None,
    ) -> ObjectInfo:
        """
        See `toban.ports.backup.Bucket`; above 8 MiB a resumable upload.

        A request that arrived though its answer was lost is refused when it is repeated: then what
        is there may be what was sent.
        """
        blob = self._described(name, content_type, metadata or {}, headers or {})
        try:
            return self._send(blob, data, content_type, over=over, retry=RETRY)
        except FAILURES as error:
            if over is not None and status_of(error) == 412:
                raise Stale(f"{self._name}/{name} is another one by now") from error
            if status_of(error) == 403 and _is_blocked(error):
                raise DeleteBlocked(f"{self._name}/{name}: {str(error)[:300]}") from error
            raise unavailable("writing", name, error) from error

    def delete(self, name: str) -> None:
        """See `toban.ports.backup.Bucket`."""
        try:
            self._blob(name).delete(timeout=TIMEOUT_S, retry=RETRY)
        except FAILURES as error:
            if status_of(error) == 404:
                return
            if status_of(error) == 403 and _is_blocked(error):
                raise DeleteBlocked(f"{self._name}/{name}: {str(error)[:300]}") from error
            raise unavailable("deleting", name, error) from error

    # --- writing ---------------------------------------------------------------------------------

    def _settled(
        self, doing: str, wanted: ObjectInfo, send: Callable[[], ObjectInfo]
    ) -> ObjectInfo | None:
        """`send` under the precondition that there is no object; None when there was another."""
        failure: Exception | None = None
        for pause in (_PAUSE_S, 0.0):
            try:
                return send()
            except FAILURES as error:
                exists = status_of(error) == 412
                if exists and failure is None:
                    return None
                if not exists and not undecided(error):
                    raise unavailable(doing, wanted.name, error) from error
                failure = error
            there = self.stat(wanted.name)
            if there is not None:
                ours = (there.size, there.crc32c) == (wanted.size, wanted.crc32c)
                return there if ours else None
            time.sleep(pause)
        assert failure is not None
        raise unavailable(doing, wanted.name, failure) from failure

    def _rewrite(self, source: GcsBucket, found: ObjectInfo, to: str) -> ObjectInfo | None:
        # Described anew: a rewrite that says anything about the object says everything.
        blob = self._described(to, found.content_type, found.metadata, found.headers)
        original = source._blob(found.name, found.generation)
        token: str | None = None

        def send() -> ObjectInfo:
            nonlocal token
            while True:
                token, _, _ = blob.rewrite(
                    original,
                    token=token,
                    if_generation_match=0,
                    timeout=_REWRITE_TIMEOUT_S,
                    retry=None,
                )
                if token is None:
                    return _info(blob)

        wanted = ObjectInfo(to, found.size, found.crc32c, 0)
        try:
            return self._settled(f"copying {source.name}/{found.name} to", wanted, send)
        except Unavailable as error:
            if source.stat(found.name, found.generation) is None:
                raise KeyError(found.name) from error
            raise

    def _copy_bytes(self, source: Bucket, found: ObjectInfo, to: str) -> ObjectInfo | None:
        wanted = ObjectInfo(to, found.size, found.crc32c, 0)

        def send() -> ObjectInfo:
            blob = self._described(to, found.content_type, found.metadata, found.headers)
            content = in_ranges(source, found)
            return self._send(blob, content, found.content_type, over=0, retry=None)

        return self._settled("copying to", wanted, send)

    def _send(
        self,
        blob: Any,
        data: Iterable[bytes],
        content_type: str,
        *,
        over: int | None,
        retry: Any,
    ) -> ObjectInfo:
        chunks = blocks(data, CREATE_MAX_BYTES)
        first = next(chunks, b"")
        second = next(chunks, b"")
        if not second:
            blob.upload_from_string(
                first,
                content_type=content_type or DEFAULT_TYPE,
                if_generation_match=over,
                checksum="crc32c",
                timeout=TIMEOUT_S,
                retry=retry,
            )
            return _info(blob)
        size = checksum = 0
        # Left by an exception, it cancels the upload: nothing appears.
        with blob.open(
            "wb",
            chunk_size=CREATE_MAX_BYTES,
            content_type=content_type or DEFAULT_TYPE,
            if_generation_match=over,
            checksum="crc32c",
            timeout=TIMEOUT_S,
            retry=RETRY,
        ) as writer:
            for chunk in itertools.chain((first, second), chunks):
                writer.write(chunk)
                size += len(chunk)
                checksum = crc32c(chunk, checksum)
        written = self.stat(blob.name)
        if written is None or (written.size, written.crc32c) != (size, checksum):
            raise Unavailable(f"{self._name}/{blob.name}: not what was sent lies there: {written}")
        return written

    def _described(
        self,
        name: str,
        content_type: str,
        metadata: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> Any:
        blob = self._blob(name)
        blob.content_type = content_type or None
        blob.metadata = dict(metadata) or None
        for header, attribute in _HEADERS.items():
            if header in headers:
                setattr(blob, attribute, headers[header])
        return blob

    def _bucket(self) -> Any:
        return self._client().bucket(self._name)

    def _blob(self, name: str, generation: int | None = None) -> Any:
        check_object_name(name)
        return self._bucket().blob(name, generation=generation)


class GcsBuckets:
    """Buckets by name, all with one client."""

    def __init__(self, client: Callable[[], Client] = connect) -> None:
        self._client = client

    def __call__(self, name: str) -> GcsBucket:
        """The bucket of that name; it is not looked for."""
        return GcsBucket(name, self._client)


def _info(blob: Any) -> ObjectInfo:
    values = {header: getattr(blob, attribute) for header, attribute in _HEADERS.items()}
    return ObjectInfo(
        name=blob.name,
        size=int(blob.size),
        crc32c=int.from_bytes(base64.b64decode(blob.crc32c)),
        generation=int(blob.generation),
        content_type=blob.content_type or "",
        metadata=dict(blob.metadata or {}),
        headers={header: value for header, value in values.items() if value},
    )


def _is_blocked(error: Exception) -> bool:
    reasons = {
        each.get("reason") for each in getattr(error, "errors", ()) if isinstance(each, dict)
    }
    return bool(reasons & _BLOCKING) or bool(_BLOCKED.search(str(error)))
