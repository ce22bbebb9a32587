"""
The one lock, ``requirements.lock``, and the parts of it that are installed somewhere.

A part keeps versions, markers and hashes as they stand, so whoever installs it runs what was tested;
no address is in it, no network is used. Which package asked for which is read from the ``# via``
notes of ``uv pip compile`` (https://docs.astral.sh/uv/pip/compile/).

``python -I shared/toban/topology/bundling/lock.py`` prints what the platform itself needs to run. The Makefile
calls it before anything is installed: nothing but the standard library is imported here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

LOCK = "requirements.lock"
RUN = frozenset({"toban (pyproject.toml)", "toban (pyproject.toml:build)"})
"""Who asks for what the platform needs to run: its dependencies, and what its install is built by."""

_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==")


@dataclass(frozen=True)
class Pin:
    """One package of a lock: its lines (version, marker, hashes) and who asked for it."""

    name: str
    lines: tuple[str, ...]
    via: frozenset[str]
    """Names of packages, or groups of the project as in `RUN`."""


class CannotBundleError(ValueError):
    """What a function needs is not in the lock, or cannot be told; the message says what to do."""


def parse_lock(text: str) -> dict[str, Pin]:
    """Return the pins of a lock written by ``uv pip compile --generate-hashes``, by package name."""
    pins: dict[str, Pin] = {}
    name, lines, via = "", list[str](), set[str]()

    def close() -> None:
        if name:
            pins[name] = Pin(name, tuple(lines), frozenset(via))

    for line in text.splitlines():
        match = _PIN.match(line)
        if match:
            close()
            name, lines, via = match["name"], [line], set()
        elif line.lstrip().startswith("#"):
            via.update(filter(None, [line.lstrip(" #").removeprefix("via").strip()]))
        elif line.strip():
            lines.append(line)
    close()
    return pins


def read_lock(root: Path) -> dict[str, Pin]:
    """Return the pins of the lock at `root`, by package name."""
    return parse_lock((root / LOCK).read_text(encoding="utf-8"))


def part(lock: Mapping[str, Pin], wanted: Collection[str]) -> dict[str, Pin]:
    """
    Return the packages of these names and all that they need, sorted.

    Raises `CannotBundleError` naming a package that the lock does not have.
    """
    reached: set[str] = set()
    waiting = sorted(wanted)
    while waiting:
        name = waiting.pop()
        if name not in lock:
            raise CannotBundleError(
                f"{name} is not in {LOCK}: add it to `dependencies` in pyproject.toml, then `make lock`"
            )
        if name not in reached:
            reached.add(name)
            waiting.extend(pin.name for pin in lock.values() if name in pin.via)
    return {name: lock[name] for name in sorted(reached)}


def run_part(lock: Mapping[str, Pin]) -> dict[str, Pin]:
    """Return what the platform itself needs to run, without what only tests and checks need."""
    return part(lock, [name for name, pin in lock.items() if pin.via & RUN])


def as_text(pins: Mapping[str, Pin]) -> str:
    """Return a part as pip reads it (``pip install --require-hashes --requirement``)."""
    return "".join(f"{line}\n" for pin in pins.values() for line in pin.lines)


if __name__ == "__main__":
    sys.stdout.write(as_text(run_part(read_lock(Path(__file__).parents[4]))))
