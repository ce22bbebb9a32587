"""
Loading a backup into a Firestore database: a scan by batch writes, an export by Google's import.

Which documents are ours is told by a marker (`FirestoreDatabase.marker`), written before the first of them, with
every part and after the last. It says for which restore, and why: only what a restore *test* left may
be emptied by another one, and not when somebody else wrote there meanwhile. A recovery's marker is
good for that recovery alone, whose process may have died, and is removed when it is over. One that
does not say why (toban up to 2026-11-22) is nobody's but its own restore's.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from toban.ports.backup import ContentQuestion, Damaged, Fetch, TargetFailed
from toban.sources.firestore import questions as firestore_questions
from toban.sources.firestore import stream as stream
from toban.sources.firestore.database import (
    MAX_WRITES,
    FirestoreDatabase,
    Write,
    is_marker,
    moment,
    target_failed,
)
from toban.sources.firestore.options import EMULATOR, fits, flag, named
from toban.sources.firestore.stream import WHOLE
from toban.sources.patterns import Wanted, checked, only_of, words
from toban.sources.ports import SourcePorts

MAX_BATCH_BYTES: Final = 3_000_000
"""Firestore takes 10 MiB in a request, its emulator 4 MiB."""
TEST: Final = "test"
"""The purpose of restore tests: what these leave behind may be removed."""
SILENCE: Final = timedelta(seconds=600)
"""
A restore that notes nothing for so long writes nothing any more: no function lives longer. What was
written later into a target that was never finished is somebody else's.
"""
RAMP_START: Final = 500
RAMP_GROWTH: Final = 1.5
RAMP_EVERY_S: Final = 300.0


def allowed_per_second(elapsed: float) -> int:
    """
    Writes per second that a new collection should be given `elapsed` seconds after the first.

    The 500/50/5 rule: 500 at first, 50 % more every 5 minutes, so that Firestore has time to
    split the range: https://cloud.google.com/firestore/docs/best-practices#ramping_up_traffic
    """
    return int(RAMP_START * RAMP_GROWTH ** int(max(elapsed, 0.0) / RAMP_EVERY_S))


class FirestoreTarget:
    """
    A database to load. Options:

    - ``project``, ``database`` (else ``(default)``);
    - ``overwrite`` (``true``): load into a database that holds documents. Those of the backup replace the
      ones of the same name, others stay, and `discard` refuses ever after;
    - ``ramp``: follow the 500/50/5 rule (`allowed_per_second`, applied to all writes together);
      by default everywhere but on the emulator;
    - ``restore_id``: for which restore, and ``purpose``: why. One that begins afresh takes the target
      over from a test, which then stops;
    - ``only``: documents and collections (`toban.sources.firestore.options.fits`) of a scan; Google imports all
      of an export;
    - ``bucket``: from where Google imports a managed export, see `toban.sources.firestore.managed.ManagedImport`.

    Names of documents and references to documents of the source database, however deep in arrays
    and maps, are made to point into this one; references to other databases stay.
    """

    resumable = True

    def __init__(self, options: Mapping[str, object], ports: SourcePorts) -> None:
        emulator = ports.environ.get(EMULATOR) or None
        self._options = options
        self._ports = ports
        self._database = FirestoreDatabase(*named(options), emulator, target_failed)
        self._overwrite = flag(options, "overwrite", False)
        self._ramp = flag(options, "ramp", emulator is None)
        self._only = only_of(options)
        self._restore = str(options.get("restore_id") or "")
        self._purpose = TEST if options.get("purpose") == TEST else "recovery"

    @property
    def identity(self) -> str:
        """``firestore://project/database``."""
        return self._database.identity

    def refusal(self) -> str:
        """See `toban.ports.backup.Target`."""
        if self._overwrite or self._database.is_empty():
            return ""
        marker = self._database.get(self._database.marker)
        todo = (
            "Restore into an empty database, or say that they may be overwritten (overwrite=true)"
        )
        if marker is None:
            return f"{self.identity} holds documents. {todo}"
        if not self._may_remove(marker):
            other = marker.fields["restore"].string_value
            return f"{self.identity} holds what {other[:80]} put there, which was no test. {todo}"
        why = self._touched(marker, self._database.now())
        return f"{why}. {todo}" if why else ""

    def prepare(self, *, fresh: bool) -> None:
        """
        See `toban.ports.backup.Target`.

        Raises `TargetFailed` for a database that holds documents which no test of ours, and no
        earlier attempt of this restore, put there, unless the option ``overwrite`` is given.
        """
        marker = self._database.get(self._database.marker)
        overwritten = self._overwrite
        if marker is not None and not fresh:
            self._is_ours(marker)
            return
        if refused := self.refusal():
            raise TargetFailed(refused, retryable=False)
        if marker is not None:
            overwritten = overwritten or marker.fields["overwrite"].boolean_value
            if not self._overwrite:
                self._clear(marker)
            # A new marker: the time of its creation names the attempt.
            self._database.delete([self._database.marker])
        if not self._database.create(
            self._database.marker, self._note("loading", overwrite=overwritten)
        ):
            raise TargetFailed(f"{self.identity}: another restore just began", retryable=True)

    def load(self, parts: Iterator[bytes], fetch: Fetch) -> Iterator[int]:
        """
        See `toban.ports.backup.Target`; `parts` may begin at any part of a scan.

        Raises `Damaged` for a stream that is none.
        """
        marker = self._marker()
        first = next(parts, None)
        if first is None:
            return
        if _state(marker) != "loading":
            # What was loaded before may be loaded again; until the end it counts as unfinished.
            self._mark("loading", marker)
        parts = itertools.chain([first], parts)
        head = next(stream.split([first]), b"")
        if stream.is_note(head) and stream.read_note(head).get("kind") == "export":
            from toban.sources.firestore.managed import ManagedImport

            if self._only:
                raise TargetFailed(WHOLE, retryable=False)
            self._mark("loading", marker, managed=True)
            import_ = ManagedImport(self._database, self._options, self._ports)
            counts = import_.run(parts, fetch, attempt=_stamp(marker.create_time))
            self._mark("loaded", marker, managed=True)
            yield from counts
            return
        pace = _Pace(self._ramp, time.time() - marker.create_time.seconds)
        ended = False
        wanted = Wanted(self._only, fits)
        # What an earlier step has found of what was asked for.
        wanted.found.update(words(marker.fields["found"].string_value))
        for number, part in enumerate(parts):
            if number:
                # Another restore may have begun meanwhile. A sign of life, if not: a document that
                # is written as it was keeps its time.
                found = ",".join(sorted(wanted.found))
                self._mark("loading", self._marker(), part=number, found=found)
            items = 0
            for batch in self._batches(part, wanted):
                if batch is None:
                    ended = True
                    continue
                self._database.write(batch)
                items += len(batch)
                pace.wrote(len(batch))
            if ended:
                self._mark("loaded", marker, found=",".join(sorted(wanted.found)))
            yield items
        if not ended:
            raise Damaged("the stream ends without its end record")
        checked(wanted)

    def counts(self) -> dict[str, int]:
        """
        ``documents`` and ``documents in <collection>``, as of one moment; without markers.

        What was overwritten holds other documents as well, and says so in other words.
        """
        counts = stream.Counts()
        for message in self._database.scan(at=self._database.now(), keys=True):
            path = self._database.path(message)
            if not is_marker(path):
                counts.add(path)
        found = counts.result()
        marker = self._database.get(self._database.marker)
        if marker is not None and marker.fields["overwrite"].boolean_value:
            return {"documents with those that stayed": found["documents"]}
        return found

    def ask(self, questions: Sequence[ContentQuestion]) -> list[str]:
        """Answers; the language is described in `firestore_questions`."""
        return [
            firestore_questions.answer(self._database, question.query) for question in questions
        ]

    def discard(self) -> None:
        """
        Remove every document, the marker last. Done again it finds nothing to do.

        Raises `TargetFailed` without a marker, for a target that was overwritten, and when
        somebody else wrote there.
        """
        marker = self._database.get(self._database.marker)
        if marker is None:
            if self._database.is_empty():
                return
            raise TargetFailed(
                f"{self.identity} holds documents that no restore of ours left there",
                retryable=False,
            )
        self._is_ours(marker)
        if not self._may_remove(marker) or self._purpose != TEST:
            raise TargetFailed(
                f"{self.identity} holds what was loaded there for good: it is not emptied",
                retryable=False,
            )
        self._clear(marker)
        self._database.delete([self._database.marker])

    def release(self) -> None:
        """See `toban.ports.backup.Target`."""
        marker = self._database.get(self._database.marker)
        if marker is not None:
            self._is_ours(marker)
            self._database.delete([self._database.marker])

    def _marker(self) -> Any:
        marker = self._database.get(self._database.marker)
        if marker is None:
            raise TargetFailed(f"{self.identity} was not prepared", retryable=False)
        self._is_ours(marker)
        return marker

    def _is_ours(self, marker: Any) -> None:
        other = marker.fields["restore"].string_value
        # An import over an earlier state of the same database brings back its marker.
        if other != self._restore and not self._overwrite:
            raise TargetFailed(
                f"{self.identity}: the restore {other[:80]} has taken this database",
                retryable=False,
            )

    def _note(self, state: str, **more: object) -> dict[str, object]:
        return {
            "state": state,
            "restore": self._restore,
            "purpose": self._purpose,
            "overwrite": self._overwrite,
            "managed": False,
            **more,
        }

    def _mark(self, state: str, marker: Any, **more: object) -> None:
        """Set the state; what was ever overwritten stays so, and what was found of ``only``."""
        note = self._note(state, found=marker.fields["found"].string_value) | more
        note["overwrite"] = self._overwrite or marker.fields["overwrite"].boolean_value
        self._database.put(self._database.marker, note)

    def _may_remove(self, marker: Any) -> bool:
        """Whether what a restore left may be removed, if nobody else wrote there."""
        if marker.fields["restore"].string_value == self._restore:
            return True
        return bool(marker.fields["purpose"].string_value == TEST)

    def _touched(self, marker: Any, at: datetime) -> str:
        """What says that not everything was put there by the marker's restore; empty: nothing does."""
        fields = marker.fields
        if fields["overwrite"].boolean_value:
            return f"{self.identity} held documents before the restore: it is not emptied"
        began, ended = marker.create_time, moment(marker.update_time)
        if _state(marker) != "loaded":
            ended += SILENCE
        # What an import leaves may carry the times of the original.
        imported = fields["managed"].boolean_value
        for message in self._database.scan(at=at, keys=True):
            if is_marker(self._database.path(message)):
                continue
            earlier = not imported and _ticks(message.create_time) < _ticks(began)
            if earlier or moment(message.update_time) > ended:
                path = self._database.path(message)
                return f"{self.identity}: somebody else wrote {path[:200]}; it is not emptied"
        return ""

    def _clear(self, marker: Any) -> None:
        """Delete everything but the marker, once it is certain that all of it is ours."""
        at = self._database.now()
        if touched := self._touched(marker, at):
            raise TargetFailed(touched, retryable=False)
        waiting: list[str] = []
        for message in self._database.scan(at=at, keys=True):
            path = self._database.path(message)
            if path == self._database.marker:
                continue
            waiting.append(path)
            if len(waiting) == MAX_WRITES:
                self._database.delete(waiting)
                waiting = []
        self._database.delete(waiting)

    def _batches(self, part: bytes, wanted: Wanted) -> Iterator[list[Any] | None]:
        """Writes of what is wanted of a part; None stands for the end of the stream."""
        batch: list[Any] = []
        size = 0
        for record in stream.split([part]):
            if stream.is_note(record):
                if "end" in stream.read_note(record):
                    yield batch
                    yield None
                    batch = []
                else:
                    stream.read_header(record)
                continue
            write = self._write(record)
            path = self._database.path(write.update)
            if is_marker(path) or not wanted(path):
                continue
            if batch and (len(batch) == MAX_WRITES or size + len(record) > MAX_BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(write)
            size += len(record)
        if batch:
            yield batch

    def _write(self, record: bytes) -> Any:
        message = stream.read_document(record)
        source = stream.database_of(message.name)
        write = Write()
        write.update.name = self._database.name + message.name[len(source) :]
        for name, value in message.fields.items():
            write.update.fields[name].CopyFrom(value)
        if source != self._database.name:
            for value in write.update.fields.values():
                redirect(value, f"{source}/", f"{self._database.name}/")
        return write


def redirect(value: Any, old: str, new: str) -> None:
    """Make references that begin with `old` begin with `new`, in a protocol buffer ``Value``."""
    kind = value.WhichOneof("value_type")
    if kind == "reference_value":
        if value.reference_value.startswith(old):
            value.reference_value = new + value.reference_value[len(old) :]
    elif kind == "array_value":
        for item in value.array_value.values:
            redirect(item, old, new)
    elif kind == "map_value":
        for item in value.map_value.fields.values():
            redirect(item, old, new)


class _Pace:
    """Keeps writes within `allowed_per_second`, by sleeping at most about a second at a time."""

    def __init__(self, active: bool, elapsed: float) -> None:
        self._active = active
        self._began = time.monotonic() - elapsed
        self._free = time.monotonic()

    def wrote(self, writes: int) -> None:
        if not self._active:
            return
        now = time.monotonic()
        self._free = max(self._free, now - 1.0) + writes / allowed_per_second(now - self._began)
        if self._free > now:
            time.sleep(self._free - now)


def _state(marker: Any) -> str:
    state: str = marker.fields["state"].string_value
    return state


def _ticks(stamp: Any) -> tuple[int, int]:
    return stamp.seconds, stamp.nanos


def _stamp(stamp: Any) -> str:
    return f"{stamp.seconds}-{stamp.nanos:09d}"
