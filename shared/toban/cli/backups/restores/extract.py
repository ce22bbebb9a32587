"""`toban backups extract`: the plain stream of a backup, into a file or a pipe, whatever else is lost."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from toban.backups.catalogue.datakeys import key_of
from toban.backups.catalogue.plans import plan_of
from toban.backups.catalogue.reading import CopyOpener, OpenedCopy, open_copy
from toban.backups.documents import Backup, Copy
from toban.backups.section import BACKUP, NOTHING
from toban.cli.backups.common import chosen, size
from toban.cli.kit.arguments import no_such
from toban.cli.kit.session import Session, session
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.ports import PortError

PIPE = "-"
_ORDER = ("verified", "unread", "unreadable", "damaged")


def extract(asked: argparse.Namespace, terminal: Terminal) -> int:
    """
    Write what the source gave: an archive of ``pg_dump``, an RDB file, a tar, an inventory.

    Every byte is checked on its way. Where a copy turns out to be damaged the next one goes on
    at the same byte. Needs neither the function nor, for the plan, the profile's version.
    """
    with session(asked, terminal) as work:
        backup = chosen(work.reader, asked.id, terminal)
        copies = _copies(backup, asked.region or "", terminal)
        if asked.server:
            terminal.line("\n".join(_server(work, backup, copies, terminal)))
            return 0
        if asked.file == PIPE and sys.stdout.isatty():
            raise Problem(terminal.say("extract.terminal"), 2)
        with _output(asked.file, terminal) as out:
            written = _write(work, backup, copies, out, terminal)
        if asked.file != PIPE:
            told = terminal.say("extract.done", id=backup.id, file=asked.file, size=size(written))
            terminal.note(told)
    return 0


def _copies(backup: Backup, region: str, terminal: Terminal) -> list[Copy]:
    found = [copy for copy in backup.copies if region in ("", copy.region)]
    if not found:
        regions = [copy.region for copy in backup.copies]
        raise no_such(terminal, region, "what.region", regions)
    return sorted(found, key=lambda copy: _ORDER.index(copy.state))


def _open(work: Session, backup: Backup, copy: Copy) -> OpenedCopy:
    planned = plan_of(work.reader, backup)
    if planned is not None:
        key = key_of(work.reader, backup)
    else:
        profile = work.reader.profiles().get(backup.service)
        key = " ".join(((profile[BACKUP] if profile is not None else None) or NOTHING).keys)
    return open_copy(CopyOpener(work.resources()), backup, copy.bucket, key)


def _server(work: Session, backup: Backup, copies: list[Copy], terminal: Terminal) -> list[str]:
    """What makes the roles and tablespaces that the data need."""
    for copy in copies:
        try:
            found = _open(work, backup, copy).manifest.server
        except (ValueError, PortError) as error:
            _pass_over(copy, error, terminal)
            continue
        script = found.get("script", []) if found else []
        return script or [terminal.say("extract.no-server", id=backup.id)]
    raise Problem(terminal.say("extract.lost", id=backup.id))


def _write(
    work: Session, backup: Backup, copies: list[Copy], out: BinaryIO, terminal: Terminal
) -> int:
    """Write the stream of the first copy that reads whole; the number of bytes."""
    written = 0
    for copy in copies:
        try:
            opened = _open(work, backup, copy)
            for piece in _from(opened.stream(), written):
                out.write(piece)
                written += len(piece)
        except (ValueError, PortError) as error:
            _pass_over(copy, error, terminal)
            continue
        if opened.manifest.object_totals.objects:
            terminal.note(
                terminal.say("extract.beside", count=opened.manifest.object_totals.objects)
            )
        return written
    raise Problem(terminal.say("extract.lost", id=backup.id))


def _from(pieces: Iterator[bytes], skip: int) -> Iterator[bytes]:
    """Yield what follows the first `skip` bytes: the stream of every copy is the same."""
    for piece in pieces:
        if skip < len(piece):
            yield piece[skip:]
        skip = max(0, skip - len(piece))


def _pass_over(copy: Copy, error: Exception, terminal: Terminal) -> None:
    reason = printable(str(error))[:300]
    terminal.note(
        terminal.say("restore.given-up", region=copy.region, bucket=copy.bucket, reason=reason)
    )


@contextlib.contextmanager
def _output(word: str, terminal: Terminal) -> Iterator[BinaryIO]:
    """Standard output, or a new file that has its name only when it is whole."""
    if word == PIPE:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(word)
    if path.exists():
        raise Problem(terminal.say("extract.exists", file=word), 2)
    half = path.with_name(f"{path.name}.part")
    try:
        with half.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        half.rename(path)
    except OSError as error:
        raise Problem(f"{word}: {error.strerror or error}") from error
    finally:
        half.unlink(missing_ok=True)
