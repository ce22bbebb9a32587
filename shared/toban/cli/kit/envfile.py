"""
Secrets and settings of this machine, in a file beside the data directory: ``.toban.env``.

One ``TOBAN_NAME=value`` a line, as every command that works on the data directory finds it. What
is in the environment already wins. Only ``TOBAN_…``: a file that comes along with somebody's
checkout must not choose which programs and libraries are run.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import NamedTuple

from toban.cli.kit.terminal import Problem, Terminal

FILE = ".toban.env"
_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>.*)", re.ASCII)
_NAME = re.compile(r"TOBAN_[A-Z0-9_]+")
_IS_SECRET = "TOBAN_SECRET_"  # noqa: S105 - how such names begin
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class EnvFileFault(NamedTuple):
    """What is wrong with a line: the text that says so, and the name of the variable if it is known."""

    line: int
    key: str
    name: str = ""


def place(data: Path) -> Path:
    """Return where the file of a data directory is: beside it."""
    return data.parent / FILE


def parse(text: str) -> tuple[dict[str, str], list[EnvFileFault]]:
    """
    Return the variables of a file, and what is wrong with it.

    A value goes to the end of its line. Quotes, single or double, may stand around it and have to
    where spaces or a ``#`` are in it; there are no escapes and nothing is filled in.
    """
    found: dict[str, str] = {}
    lines: dict[str, int] = {}
    faults: list[EnvFileFault] = []
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            faults.append(EnvFileFault(number, "env.line"))
            continue
        name, value = match["name"], _unquoted(match["value"])
        if not _NAME.fullmatch(name):
            faults.append(EnvFileFault(number, "env.name", name))
        elif value is None:
            faults.append(EnvFileFault(number, "env.value", name))
        elif name in found:
            faults.append(EnvFileFault(number, "env.twice", name))
        else:
            found[name], lines[name] = value, number
    faults += [EnvFileFault(lines[name], "env.form", name) for name in malformed(found)]
    return found, sorted(faults)


def malformed(values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of settings whose value has not the form that it needs: of a number, say."""
    if all(name.startswith(_IS_SECRET) for name in values):
        return ()  # nothing is imported that is not needed
    from toban.channels.config import read_config
    from toban.kernel.config import ConfigError

    try:
        read_config(values)
    except ConfigError as error:
        return error.wrong
    return ()


def _unquoted(value: str) -> str | None:
    """The value itself; None: its quotes do not fit, or are missing."""
    if any(not character.isprintable() for character in value):
        return None
    if value[:1] in ("'", '"'):
        inner = value[1:-1]
        closed = len(value) > 1 and value[-1] == value[0] and value[0] not in inner
        return inner if closed else None
    return None if re.search(r"[\s#'\"]", value) else value


def _at_once(path: str, flags: int) -> int:
    """Open without waiting for whoever writes into a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def read(path: Path, terminal: Terminal) -> Mapping[str, str]:
    """
    Return the variables of a file; none where it is not there.

    `Problem` names file and line of what is wrong, never a value; and a file that others on this
    machine may read or change.
    """
    try:
        with open(path, "rb", opener=_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise Problem(terminal.say("env.no-file", path=path), 2)
            text = file.read().decode()
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise Problem(terminal.say("env.text", path=path), 2) from error
    except OSError as error:
        raise Problem(terminal.say("unreadable", where=path, error=error.strerror), 2) from error
    if status.st_mode & _OTHERS or status.st_uid not in {0, os.geteuid()}:
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        raise Problem(terminal.say("env.mode", path=path, mode=mode), 2)
    found, faults = parse(text)
    if faults:
        lines = [
            terminal.say(
                "unreadable", where=f"{path}:{f.line}", error=terminal.say(f.key, name=f.name)
            )
            for f in faults
        ]
        raise Problem("\n  ".join(lines), 2)
    return found


def lines_of(path: Path) -> dict[str, int]:
    """Return in which line of a file (one that `read` has read) each name stands."""
    matches = enumerate(map(_LINE.fullmatch, map(str.strip, path.read_text().split("\n"))), 1)
    return {match["name"]: number for number, match in matches if match is not None}


@contextlib.contextmanager
def applied(
    path: Path, terminal: Terminal, environ: MutableMapping[str, str] = os.environ
) -> Iterator[None]:
    """Have the variables of a file in the environment, inside; what is there already stays."""
    added = {n: v for n, v in read(path, terminal).items() if n not in environ}
    environ.update(added)
    try:
        yield
    finally:
        for name in added:
            environ.pop(name, None)
