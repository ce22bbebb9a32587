"""
Exports that Google makes into a bucket: asked for, waited for, read from there, removed again.

Cloud SQL and Memorystore are asked over REST, three calls each, and have the same shape: a call
starts an operation, the operation is polled, an object appears. Between the calls other processes
may go on: everything needed travels in the snapshot's token.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import google_crc32c

from toban.kernel import log
from toban.ports import Unavailable
from toban.ports.backup import BackupRun, Bucket, Chunk, DeleteBlocked, SourceFailed, SourceSnapshot
from toban.sources.ports import SourcePorts

PIECE_BYTES = 1 << 20
_RANGE_BYTES = 8 << 20
TIMEOUT_S = (10.0, 60.0)
"""For connecting, and for an answer."""

PATIENCE = timedelta(hours=12)
"""How long an export may be under way, or wait for another operation to end."""

ATTEMPTS = 3
"""Exports that are started for one backup when they fail."""

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TAIL_BYTES = 4_096


class ApiError(Exception):
    """A Google API answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{message} (HTTP {status})" if status else message)
        self.status = status

    @property
    def retryable(self) -> bool:
        """Return whether another try may succeed."""
        return self.status in {0, 408, 429} or self.status >= 500


class Api:
    """A client of one of Google's REST APIs."""

    def __init__(self, base: str, variable: str, environ: Mapping[str, str]) -> None:
        """
        `base`: with version, without a slash at the end. The URL in the environment's `variable`
        leads somewhere else, without credentials: a stand-in for tests.
        """
        self._elsewhere = environ.get(variable, "").rstrip("/")
        self._base = self._elsewhere or base

    @functools.cached_property
    def _session(self) -> Any:
        import google.auth
        from google.auth.credentials import AnonymousCredentials
        from google.auth.transport.requests import AuthorizedSession

        if self._elsewhere:
            credentials: Any = AnonymousCredentials()  # type: ignore[no-untyped-call]
        else:
            credentials, _ = google.auth.default(scopes=[SCOPE])
        return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the answer's JSON; raises `ApiError` (status 0: no answer)."""
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        try:
            answer = self._session.request(
                method,
                f"{self._base}/{path}",
                json=body,
                params=parameters,
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
        except (RequestException, GoogleAuthError) as error:
            host = urlsplit(self._base).hostname
            raise ApiError(0, f"{host}: {type(error).__name__}: {str(error)[:300]}") from error
        try:
            said = answer.json()
        except ValueError:
            said = None
        if answer.status_code != 200:
            problem = said.get("error") if isinstance(said, dict) else None
            message = problem.get("message") if isinstance(problem, dict) else answer.reason
            raise ApiError(answer.status_code, str(message)[:500])
        if not isinstance(said, dict):
            raise ApiError(0, "the answer is no JSON object")
        return said


@dataclass(frozen=True, slots=True)
class Operation:
    """The state of a long-running operation."""

    name: str
    done: bool
    error: str = ""
    begun: datetime | None = None


class Busy(Exception):
    """Another operation is in progress on the instance."""


def is_busy(error: ApiError) -> bool:
    """Return whether a start was refused because of that: 409, in the past 403 with the same text."""
    return error.status == 409 or (error.status == 403 and "already in progress" in str(error))


class ManagedExport(ABC):
    """A source read from an export that Google makes: Cloud SQL or Memorystore."""

    resumable = True
    suffix = ""
    """How an export's object ends."""

    def __init__(self, ports: SourcePorts, export_bucket: str) -> None:
        """`export_bucket`: empty: the bucket that the backup goes to."""
        self._ports = ports
        self._bucket_name = export_bucket

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: datetime) -> SourceSnapshot:
        """
        Start the export, or return its progress; one found running after a crash is not
        started again.

        Raises `SourceFailed`.
        """
        token = dict(before.token) if before else {}
        since = token.setdefault("since", now.isoformat())
        if now - datetime.fromisoformat(since) > PATIENCE:
            raise SourceFailed(f"the export was not done after {PATIENCE}", retryable=True)
        try:
            return self._continue_export(run, before, token, now)
        except Busy as error:
            log.write("INFO", "export waiting: another operation is running", reason=str(error))
            return self._waiting(before, token, now)
        except ApiError as error:
            raise SourceFailed(f"{self.identity}: {error}", retryable=error.retryable) from error
        except Unavailable as error:
            raise SourceFailed(str(error), retryable=True) from error

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:
        """Yield the exported object, in exactly that generation; its crc32c and its end are checked."""
        bucket, name = self.bucket(run), self.object_name(run)
        size, generation, wanted = (
            int(snapshot.token[key]) for key in ("size", "generation", "crc32c")
        )
        try:
            at, crc = (int(number) for number in cursor.split(":")) if cursor else (0, 0)
            while at < size:
                end = min(at + _RANGE_BYTES, size)
                data = bucket.read(name, start=at, end=end, generation=generation)
                if len(data) != end - at:
                    raise SourceFailed(f"{name}: a range came back short", retryable=True)
                for start in range(0, len(data), PIECE_BYTES):
                    piece = data[start : start + PIECE_BYTES]
                    crc = google_crc32c.extend(crc, piece)
                    at += len(piece)
                    yield Chunk(piece, cursor=f"{at}:{crc}")
            tail = bucket.read(
                name, start=max(0, size - TAIL_BYTES), end=size, generation=generation
            )
        except KeyError:
            raise SourceFailed(f"the exported object {name} is gone", retryable=False) from None
        except Unavailable as error:
            raise SourceFailed(str(error), retryable=True) from error
        problem = "" if crc == wanted else "its content has not the checksum of the bucket"
        problem = problem or self.problem(tail)
        if problem:
            # The snapshot is this very object: reading it again would help nobody.
            self._remove(run)
            raise SourceFailed(f"the exported object {name}: {problem}", retryable=False)

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:
        """Remove the exported object."""
        del snapshot
        self._remove(run)

    @property
    @abstractmethod
    def identity(self) -> str:
        """Which data this is."""

    @abstractmethod
    def problem(self, tail: bytes) -> str:
        """Return what is wrong with an export that ends like this; empty: nothing."""

    @abstractmethod
    def tools(self) -> dict[str, str]:
        """Version of the server."""

    @abstractmethod
    def _continue_export(
        self, run: BackupRun, before: SourceSnapshot | None, token: dict[str, str], now: datetime
    ) -> SourceSnapshot: ...

    @abstractmethod
    def _poll(self, name: str) -> Operation: ...

    # --- for both ----------------------------------------------------------------------------

    def bucket(self, run: BackupRun) -> Bucket:
        """Return where the export goes to."""
        return self._ports.buckets(self._bucket_name) if self._bucket_name else run.objects.bucket

    def object_name(self, run: BackupRun) -> str:
        """Follows from the backup: a repetition finds what a crash left. Outside its prefix."""
        return f"toban-exports/{run.backup_id}{self.suffix}"

    def uri(self, run: BackupRun) -> str:
        """Return the object as Google's services name it."""
        return f"gs://{self.bucket(run).name}/{self.object_name(run)}"

    def _waiting(
        self, before: SourceSnapshot | None, token: dict[str, str], now: datetime
    ) -> SourceSnapshot:
        return SourceSnapshot(
            at=before.at if before else now,
            token=token,
            ready=False,
            tools=before.tools if before else self.tools(),
        )

    def _ready(
        self, run: BackupRun, before: SourceSnapshot | None, token: dict[str, str], at: datetime
    ) -> SourceSnapshot | None:
        """The snapshot when the object is there, else None."""
        found = self.bucket(run).stat(self.object_name(run))
        if found is None:
            return None
        token |= {
            "size": str(found.size),
            "generation": str(found.generation),
            "crc32c": str(found.crc32c),
        }
        return SourceSnapshot(at=at, token=token, tools=before.tools if before else self.tools())

    def _follow(
        self,
        run: BackupRun,
        before: SourceSnapshot | None,
        token: dict[str, str],
        now: datetime,
        at: datetime,
    ) -> SourceSnapshot:
        """See how far the operation in the token is."""
        operation = self._poll(token["operation"])
        if not operation.done:
            return self._waiting(before, token, now)
        ready = None if operation.error else self._ready(run, before, token, at)
        if ready is not None:
            return ready
        problem = operation.error or "it ended well, but there is no object"
        self._remove(run)
        failures = int(token.get("failures", "0")) + 1
        if failures >= ATTEMPTS:
            raise SourceFailed(f"the export failed {failures} times: {problem}", retryable=False)
        log.write("WARNING", "export failed: another will be started", reason=problem)
        return self._waiting(before, {"since": token["since"], "failures": str(failures)}, now)

    def _remove(self, run: BackupRun) -> None:
        try:
            self.bucket(run).delete(self.object_name(run))
        except DeleteBlocked as error:
            log.write(
                "WARNING", "exported object not removed: deletion is blocked", reason=str(error)
            )


def moment(text: object) -> datetime | None:
    """Return a time that Google wrote (up to nanoseconds)."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
