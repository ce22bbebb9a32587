"""
What each function needs installed: the part of the lock that it reaches.

Versions and hashes are taken from ``requirements/run.txt`` as they stand, so a deployed function
runs what was tested. Which package needs which is read from the lock's ``# via`` notes
(https://docs.astral.sh/uv/pip/compile/); no network is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from toban.topology.types import Function

BASE = ("cloudevents", "functions-framework", "msgspec")
"""What the entry of every function imports."""

_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==")


@dataclass(frozen=True)
class Pin:
    """One package of a lock: its lines (version, marker, hashes) and who asked for it."""

    name: str
    lines: tuple[str, ...]
    via: frozenset[str]


def parse_lock(text: str) -> dict[str, Pin]:
    """The pins of a lock written by ``uv pip compile --generate-hashes``, by package name."""
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
            via.update(line.lstrip(" #").removeprefix("via").split()[:1])
        elif line.strip():
            lines.append(line)
    close()
    return pins


def packages(function: Function) -> list[str]:
    """The packages a function imports, by what the map says it does."""
    needed = {*BASE, *function.packages}
    if function.publishes:
        needed.add("google-cloud-pubsub")
    if function.store != "none":
        needed.add("google-cloud-firestore")
    if function.blobs or function.buckets:
        needed.add("google-cloud-storage")
    return sorted(needed)


def requirements(function: Function, lock: dict[str, Pin]) -> str:
    """
    The text of a function's ``requirements.txt``: its packages and all they need.

    Raises `KeyError` naming the package when the lock has no pin for it.
    """
    reached: set[str] = set()
    waiting = packages(function)
    while waiting:
        name = waiting.pop()
        if name not in lock:
            raise KeyError(f"{name} is not in requirements/run.txt")
        if name not in reached:
            reached.add(name)
            waiting.extend(pin.name for pin in lock.values() if name in pin.via)
    lines = ["# Generated from events/topology.yaml and requirements/run.txt (make map)."]
    for name in sorted(reached):
        lines.extend(lock[name].lines)
    return "\n".join(lines) + "\n"
