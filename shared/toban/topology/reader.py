"""Reading the map: strict, every finding at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import msgspec

from toban.kernel.clock.cron import BadCronError, next_slot
from toban.kernel.clock.wallclock import is_zone
from toban.strictyaml.compose import compose
from toban.strictyaml.findings import FileErrors, Finding, SourceMap, did_you_mean, join
from toban.strictyaml.reader import YamlReader
from toban.topology.graph import unguarded_loops
from toban.topology.place import MAP
from toban.topology.types import Defaults, Function, MapFile, Topology

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


class MapError(Exception):
    """The map is wrong; the message lists every finding as ``file:line: what``."""

    def __init__(self, findings: Iterable[str]) -> None:
        """`findings`: at least one line."""
        self.findings = tuple(findings)
        super().__init__("\n".join(self.findings))


def load(path: Path | str = MAP) -> Topology:
    """
    Return the map at `path`, else the one that belongs to this code.

    Raises `MapError` with every finding (unknown key, wrong type, unknown topic, a key given
    twice, a loop that nothing ends), `OSError` when the file cannot be read.
    """
    return parse(Path(path).read_text(encoding="utf-8"), str(path))


def parse(text: str, name: str = "topology.yaml") -> Topology:
    """Return the map in `text`; `name` stands in the findings. Raises `MapError`."""
    try:
        written, source = _read(text, name)
    except FileErrors as errors:
        raise MapError(map(_line, errors.findings)) from errors
    topology = Topology(
        dict(written.topics),
        {n: _with_shared(f, written.defaults) for n, f in written.functions.items()},
        dict(written.schedules),
        dict(written.secrets),
    )
    proof = _Proof(topology, source)
    proof.check_references()
    if proof.findings:
        raise MapError(proof.findings)
    return topology


def as_written(text: str, name: str = "topology.yaml") -> MapFile:
    """
    Return the map in `text` unchecked, for code that adds to it.

    Raises `MapError` when it cannot be read.
    """
    try:
        return _read(text, name)[0]
    except FileErrors as errors:
        raise MapError(map(_line, errors.findings)) from errors


@lru_cache(maxsize=4)
def _read(text: str, name: str) -> tuple[MapFile, SourceMap]:
    """
    The map as written, functions with what the defaults give them, and where everything stands.

    Raises `FileErrors`.
    """
    root = compose(text, name, "topics")
    # What `defaults` says is needed before the functions are read, wherever it stands.
    first = YamlReader(name)
    defaults = first.read_key(root, "defaults", Defaults)
    if first.findings:
        raise FileErrors(first.findings)
    given = msgspec.to_builtins(defaults, builtin_types=(tuple,)) if defaults else {}
    for shared in ("emits", "writes"):
        given.pop(shared, None)
    reader = YamlReader(name, given={Function: given})
    written = reader.read(root, MapFile)
    if written is None:
        raise FileErrors(reader.findings)
    return written, reader.source


def _with_shared(function: Function, defaults: Defaults) -> Function:
    """A function that consumes also emits and writes what all of those do."""
    if not function.consumes:
        return function
    return msgspec.structs.replace(
        function,
        emits=_union(function.emits, defaults.emits),
        writes=_union(function.writes, defaults.writes),
    )


def _union(own: tuple[str, ...], shared: tuple[str, ...]) -> tuple[str, ...]:
    return (*own, *(name for name in shared if name not in own))


def _line(finding: Finding) -> str:
    said = f"{finding.path}: {finding.message.en}" if finding.path else finding.message.en
    return f"{finding.file}:{finding.line or 1}: {said}"


class _Proof:
    """What only holds between the entries of a map, and what does not."""

    def __init__(self, topology: Topology, source: SourceMap) -> None:
        self.topology = topology
        self.source = source
        self.findings: list[str] = []

    def say(self, where: tuple[str, ...], what: str) -> None:
        """Note a finding at the line of `where`, or of the nearest thing around it."""
        self.findings.append(f"{self.source.file}:{self.source.line(join(*where))}: {what}")

    def check_references(self) -> None:
        """Note everything that does not hold."""
        topology = self.topology
        types: dict[str, str] = {}
        for name, topic in topology.topics.items():
            where = ("topics", name)
            expected = f"toban.{'.'.join(name.split('-', 1))}"
            if topic.event.rpartition(".v")[0] != expected:
                self.say(
                    (*where, "event"), f"{topic.event} on topic {name}: expected {expected}.v…"
                )
            if topic.event in types:
                self.say((*where, "event"), f"{topic.event} is also on topic {types[topic.event]}")
            types[topic.event] = name
            if not topology.consumers(name):
                self.say(where, f"nothing consumes {name}")
            if not topology.producers(name) and not topic.by_profile:
                self.say(where, f"nothing publishes {name}")
        for name, function in topology.functions.items():
            self.check_function(name, function)
        needed = {secret for function in topology.functions.values() for secret in function.secrets}
        for name in topology.secrets:
            if name not in needed:
                self.say(("secrets", name), f"no function needs {name}")
        for name, schedule in topology.schedules.items():
            where = ("schedules", name)
            self.known_topics((schedule.emits,), (*where, "emits"))
            if not is_zone(schedule.zone):
                self.say((*where, "zone"), f"there is no time zone {schedule.zone!r}")
            try:
                next_slot(schedule.cron, "UTC", _ANY_TIME)
            except (BadCronError, LookupError) as error:
                self.say((*where, "cron"), f"{schedule.cron!r} is no cron expression: {error}")
        self.findings.extend(
            f"{self.source.file}:1: nothing ends the loop {' → '.join(loop)}: one of its topics needs loop_ends"
            for loop in unguarded_loops(topology)
        )

    def check_function(self, name: str, function: Function) -> None:
        """Note everything that concerns one function."""
        topology = self.topology
        where = ("functions", name)
        for field in ("consumes", "emits", "sets"):
            self.known_topics(getattr(function, field), (*where, field))
        for field in ("consumes", "emits", "sets", "reads", "writes", "secrets"):
            values = getattr(function, field)
            for value in sorted({v for v in values if values.count(v) > 1}):
                self.say((*where, field), f"{name}.{field} lists {value} twice")
        for secret in function.secrets:
            if secret not in topology.secrets:
                self.say((*where, "secrets"), f"secrets does not say what {secret} is")
        for value in sorted(set(function.reads) & set(function.writes)):
            self.say((*where, "reads"), f"{name} writes {value}, so it may read it: list it once")
        if bool(function.http) == bool(function.consumes):
            self.say(where, f"{name} needs either http or consumes")
        for topic in function.sets:
            if topic in topology.topics and not topology.topics[topic].timer:
                self.say((*where, "sets"), f"{topic} is not a timer: list it under emits")
        if function.ack_deadline_s < function.timeout_s:
            self.say(where, f"{name} may run {function.timeout_s} s but has to acknowledge sooner")
        if function.backoff_s[0] > function.backoff_s[1]:
            self.say((*where, "backoff_s"), f"{name}.backoff_s runs backwards")

    def known_topics(self, names: Iterable[str], where: tuple[str, ...]) -> None:
        """Note every name that is no topic, with a suggestion."""
        for name in names:
            if name not in self.topology.topics:
                hint = did_you_mean(name, self.topology.topics)[1]
                self.say(where, f"there is no topic {name!r}.{hint}")
