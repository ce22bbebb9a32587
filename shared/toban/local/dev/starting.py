"""How the local runtimes start and end: what they say, and what a signal does."""

from __future__ import annotations

import contextlib
import errno
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from toban import __version__
from toban.channels.config import read_config
from toban.local.dev.texts import text
from toban.ports import Secrets
from toban.profile.profile import Profile
from toban.profile.store import ProfileChange
from toban.sections.secrets import unset_names
from toban.strictyaml.findings import FileErrors
from toban.texts import Language
from toban.topology.types import Topology

HOST = "127.0.0.1"
PORT = 8080
_PORTS = {errno.EADDRINUSE: "start.port-taken", errno.EACCES: "start.port-denied"}


def failed(*lines: str, code: int = 1) -> int:
    """Say on the terminal why it does not start; returns the exit code."""
    print("toban dev:", *lines, sep="\n  " if len(lines) > 1 else " ", file=sys.stderr)
    return code


def cannot_begin(error: OSError, address: str, language: Language) -> str:
    """Return why there is no data directory, or nothing can listen on `address`."""
    if error.filename is None and error.errno in _PORTS:
        return text(language, _PORTS[error.errno], where=address)
    return f"{error.filename or address}: {error.strerror or error}"


def bad_profiles(errors: FileErrors, language: Language) -> int:
    """Say on the terminal what is wrong with the profiles, with its places; returns the exit code."""
    lines = [finding.render(language) for finding in errors.findings]
    return failed(text(language, "start.bad-profiles"), *lines, code=2)


@contextlib.contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGTERM and SIGINT call `stop`; inside the main thread only."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop()

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, on_signal) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def unset_secrets(topology: Topology, profiles: Iterable[Profile], values: Secrets) -> list[str]:
    """Return the names of secrets that ways in and `profiles` need and that have no value."""
    doors = {name for f in topology.functions.values() if f.http for name in f.secrets}
    without = {name for name in doors if not name.endswith("*") and not values.values(name)}
    return sorted(without | unset_names(profiles, values))


def welcome(
    topology: Topology,
    url: str,
    data: Path,
    changes: list[ProfileChange],
    unset: Sequence[str],
    runtime: str = "embedded",
    language: Language = "en",
) -> str:
    """Return the map, the addresses, the profiles and the secrets without a value (`unset`)."""
    doors = [(f"{url}/{n}{p}", n) for n, f in topology.functions.items() for p in f.http]
    clocks = [(f"{n} ({s.cron} {s.zone})", s.emits) for n, s in topology.schedules.items()]
    topics = [(topic, ", ".join(topology.consumers(topic)) or "-") for topic in topology.topics]
    width = max(len(left) for left, _ in [*doors, *clocks, *topics])

    def say(key: str, **values: object) -> str:
        return text(language, key, **values)

    lines = [say("start.head", version=__version__, runtime=runtime, data=data)]
    for rows in (doors, clocks, topics):
        lines += ["", *(f"  {left.ljust(width)}  → {right}" for left, right in rows)]
    lines.append("")
    for change in changes:
        what = say(f"start.what.{change.what}")
        lines.append(
            say("start.profile", service=change.service, version=change.version, what=what)
        )
    if unset:
        lines.append(say("start.unset", names=" ".join(f"TOBAN_SECRET_{name}" for name in unset)))
    lines.append(say("start.links", url=read_config().public_url or url))
    lines.append(say("start.ready", url=f"{url}/healthz", log=data / "toban.log"))
    return "\n".join(lines)
