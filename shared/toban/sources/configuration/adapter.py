"""
Configuration as a source of backups: profiles as applied, settings of a project, files.

JSON lines in one order: a header, a record for each thing with sorted keys, an end. So equal
configuration gives equal bytes, and a plan with ``on_change`` can tell.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from toban.kernel.prepared import decoder
from toban.ports import Query, Store
from toban.ports.backup import (
    BackupRun,
    Chunk,
    Damaged,
    Fetch,
    Format,
    ObjectRef,
    Selection,
    Source,
    SourceFailed,
    SourceSnapshot,
    Target,
)
from toban.sources.own_directory import DirectoryTarget, OwnDirectory, by_part
from toban.sources.patterns import Wanted, checked, only_of, texts
from toban.sources.ports import SourcePorts

VERSION: Final = 1
PROFILES: Final = "profiles"
MOST_BYTES: Final = 64 * 1024 * 1024
"""More than this is no configuration."""
_PIECE: Final = 1024 * 1024
_SECRET: Final = "TOBAN_SECRET_"  # noqa: S105 - a prefix of names
_SHORTEST: Final = 8
"""Shorter values are found everywhere."""

Read = Callable[[], Iterable[tuple[str, str, Any]]]
"""Sections, names and what is set there; raises `SourceFailed` or `Unavailable`."""


class ConfigurationHeader(msgspec.Struct, frozen=True, tag="header", tag_field="record"):
    """The first line."""

    version: int
    project: str = ""


class ConfigurationRecord(msgspec.Struct, frozen=True, tag="setting", tag_field="record"):
    """One profile, job, policy, secret's description or file."""

    section: str
    name: str
    data: Any


class ConfigurationEnd(msgspec.Struct, frozen=True, tag="end", tag_field="record"):
    """The last line."""

    records: int


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = decoder(ConfigurationHeader | ConfigurationRecord | ConfigurationEnd)


def source(options: Mapping[str, object], ports: SourcePorts) -> Source:
    """
    Return what reads configuration.

    Args:
        options: ``project`` (empty: nothing of Google's is read) and ``location`` of its scheduler
            jobs; ``paths`` of files and directories.
        ports: Profiles come from its store; values of its secrets in the environment are looked
            for in what was read, and refused.
    """
    project = str(options.get("project") or "")
    location = str(options.get("location") or "")
    paths = texts(options.get("paths"), "paths")
    parts: list[Read] = [lambda: _profiles(ports.store)]
    if project:
        parts.append(lambda: _settings(project, location))
    if paths:
        parts.append(lambda: _files(paths))
    known = [v for n, v in ports.environ.items() if n.startswith(_SECRET) and len(v) >= _SHORTEST]
    return ConfigurationSource(parts, project=project, secrets=known)


def format_(ports: SourcePorts) -> Format:  # noqa: ARG001 - every kind is given it
    """Return what the stream must look like."""
    return ConfigurationFormat()


def target(options: Mapping[str, object], ports: SourcePorts) -> Target:
    """
    Return what writes it, or ``only`` some of it, into a ``directory`` as files; a profile is applied by
    ``toban apply``.
    """
    return ConfigurationTarget(OwnDirectory.of(options, ports), only_of(options))


class ConfigurationSource:
    """Read at once, before the backup begins: its fingerprint says whether there is anything new."""

    resumable = False

    def __init__(self, parts: Sequence[Read], *, project: str, secrets: Sequence[str]) -> None:
        """`secrets`: values that must not occur."""
        self._parts = parts
        self._project = project
        plain = [secret.encode() for secret in secrets]
        self._secrets = {*plain, *(msgspec.json.encode(secret)[1:-1] for secret in secrets)}
        self._lines: list[bytes] = []

    @property
    def identity(self) -> str:
        """See `toban.ports.backup.Source`."""
        return f"configuration {self._project}".rstrip()

    def begin(self, run: BackupRun, before: SourceSnapshot | None, now: datetime) -> SourceSnapshot:  # noqa: ARG002
        """See `toban.ports.backup.Source`."""
        self._lines = self._all()
        return before or SourceSnapshot(at=now, fingerprint=_fingerprint(self._lines))

    def read(self, run: BackupRun, snapshot: SourceSnapshot, cursor: str) -> Iterator[Chunk]:  # noqa: ARG002
        """See `toban.ports.backup.Source`."""
        if _fingerprint(self._lines) != snapshot.fingerprint:
            self._lines = self._all()  # in another process than the one that began
        if _fingerprint(self._lines) != snapshot.fingerprint:
            raise SourceFailed("the configuration changed since the backup began", retryable=False)
        for line in self._lines:
            starts = range(0, len(line), _PIECE)
            for start in starts:
                ends = start == starts[-1] and line.startswith(_SETTING)
                yield Chunk(line[start : start + _PIECE], items=int(ends))

    def end(self, run: BackupRun, snapshot: SourceSnapshot) -> None:
        """See `toban.ports.backup.Source`: there is nothing to remove."""

    def _all(self) -> list[bytes]:
        records = []
        size = 0
        for read in self._parts:
            for section, name, data in read():
                line = _line(ConfigurationRecord(section, name, data))
                size += len(line)
                if size > MOST_BYTES:
                    raise SourceFailed(
                        f"more than {MOST_BYTES} bytes of configuration", retryable=False
                    )
                content = base64.b64decode(data["base64"]) if "base64" in data else line
                if any(secret in content for secret in self._secrets):
                    raise SourceFailed(
                        f"{section} {name} contains the value of a secret; it is not kept",
                        retryable=False,
                    )
                records.append((section, name, line))
        records.sort()
        head = _line(ConfigurationHeader(VERSION, self._project))
        return [head, *(line for _, _, line in records), _line(ConfigurationEnd(len(records)))]


def _line(what: ConfigurationHeader | ConfigurationRecord | ConfigurationEnd) -> bytes:
    return _ENCODER.encode(what) + b"\n"


_SETTING = b'{"data":'
"""How a record's line begins: its keys are sorted."""


def _fingerprint(lines: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()


# --- what is read ------------------------------------------------------------------------------


def _profiles(store: Store) -> Iterator[tuple[str, str, Any]]:
    for found in store.query(Query(PROFILES)):
        yield PROFILES, found.key.id, found.data


def _settings(project: str, location: str) -> Iterator[tuple[str, str, Any]]:
    from toban.adapters.google.project import NotPermitted, Project

    try:
        yield from Project(project, location).settings()
    except NotPermitted as error:
        raise SourceFailed(str(error), retryable=False) from error


def _files(paths: Iterable[str]) -> Iterator[tuple[str, str, Any]]:
    for named in paths:
        top = Path(named).resolve()
        if not top.exists():
            raise SourceFailed(f"{named} is not there", retryable=False)
        for path in _below(top):
            yield "files", str(path).lstrip("/"), _file(path)


def _below(top: Path) -> Iterator[Path]:
    """Regular files; links below `top` are not followed."""
    if not top.is_dir():
        yield top
        return

    def refuse(error: OSError) -> None:
        raise SourceFailed(f"{error.filename} cannot be read: {error.strerror}", retryable=False)

    for directory, children, names in os.walk(top, onerror=refuse):
        children.sort()
        for name in sorted(names):
            path = Path(directory, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield path


def _file(path: Path) -> dict[str, str]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SourceFailed(f"{path} is too large for configuration", retryable=False)
        data = path.read_bytes()
    except OSError as error:
        raise SourceFailed(f"{path} cannot be read: {error.strerror}", retryable=False) from error
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


# --- reading it back ---------------------------------------------------------------------------


def _records(pieces: Iterable[bytes]) -> Iterator[ConfigurationRecord]:
    rest = b""
    records = -1
    ended = False
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for text in whole:
            try:
                line = _DECODER.decode(text)
            except msgspec.MsgspecError as error:
                raise Damaged(f"the configuration has a line that is none: {error}") from error
            if ended or isinstance(line, ConfigurationHeader) != (records < 0):
                raise Damaged("the configuration does not begin or end where it should")
            if isinstance(line, ConfigurationHeader) and line.version != VERSION:
                raise Damaged(f"the configuration is of version {line.version}, known is {VERSION}")
            if isinstance(line, ConfigurationEnd):
                ended = True
                if line.records != records:
                    raise Damaged(f"{records} records of configuration instead of {line.records}")
            else:
                records += 1
            if isinstance(line, ConfigurationRecord):
                yield line
    if rest or not ended:
        raise Damaged("the configuration has no end")


class ConfigurationFormat:
    """See `toban.ports.backup.Format`."""

    def check(self, pieces: Iterator[bytes], fetch: Fetch) -> dict[str, int]:  # noqa: ARG002
        """Read all of it; how many records there are of each section."""
        counts: dict[str, int] = {}
        for record in _records(pieces):
            _content(record)
            counts[record.section] = counts.get(record.section, 0) + 1
        return counts

    selects_early = False

    def select(self, pieces: Iterator[bytes], only: Sequence[str]) -> Selection:
        """See `toban.ports.backup.Selecting`."""
        wanted = Wanted(only)
        for record in _records(pieces):
            wanted(_named(record), record.section)
        return wanted.selection()

    def object_refs(self, pieces: Iterator[bytes]) -> Iterator[ObjectRef]:  # noqa: ARG002
        """Nothing lies beside the stream."""
        return iter(())


def _named(record: ConfigurationRecord) -> str:
    """What a partial restore calls it: ``profiles/shop``, ``files/etc/shop.yaml``."""
    return f"{record.section}/{record.name}"


def _content(record: ConfigurationRecord) -> tuple[str, bytes]:
    """A name for a file, and what it should hold; raises `Damaged`."""
    data = record.data
    if record.section == "files":
        try:
            text = data.get("text")
            whole = base64.b64decode(data["base64"]) if text is None else text.encode()
        except (AttributeError, KeyError, ValueError) as error:
            raise Damaged(f"the file {record.name!r} has no content") from error
        return f"files/{record.name}", whole
    setting = msgspec.json.format(_ENCODER.encode(data), indent=2)
    return f"{record.section}/{record.name}.json", setting + b"\n"


class ConfigurationTarget(DirectoryTarget):
    """
    One file for each record, in a directory of its own; `only`: ``section/name``, and prefixes (which
    end with ``*`` or ``/``).
    """

    def __init__(self, directory: OwnDirectory, only: Sequence[str] = ()) -> None:
        super().__init__(directory)
        self._only = tuple(only)

    def _written(self, parts: Iterator[bytes]) -> Iterator[int]:
        pulled = 0

        def pulling() -> Iterator[bytes]:
            nonlocal pulled
            for part in parts:
                pulled += 1
                yield part

        def writing() -> Iterator[None]:
            wanted = Wanted(self._only)
            for record in _records(pulling()):
                if not wanted(_named(record)):
                    continue
                name, data = _content(record)
                self._directory.write(name, (data,))
                yield
            checked(wanted)

        return by_part(writing(), lambda: pulled)

    def counts(self) -> dict[str, int]:
        """Files of each section."""
        counts: dict[str, int] = {}
        for name, _ in self._directory.files():
            section = name.split("/", 1)[0]
            counts[section] = counts.get(section, 0) + 1
        return counts
