"""Reading the map: YAML with line numbers, strict, every finding at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import cronsim
import msgspec
import yaml

from toban.kernel.prepared import converted
from toban.topology.graph import unguarded_loops
from toban.topology.types import Defaults, Entry, Function, MapFile, Schedule, Topic, Topology

DEFAULT_PATH = Path(__file__).resolve().parents[3] / "events" / "topology.yaml"
"""The map of the checkout this package lies in."""

Where = tuple[str, ...]
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


class MapError(Exception):
    """The map is wrong; the message lists every finding as ``file:line: what``."""

    def __init__(self, findings: Iterable[str]) -> None:
        """`findings`: at least one line."""
        self.findings = tuple(findings)
        super().__init__("\n".join(self.findings))


def load(path: Path | str = DEFAULT_PATH) -> Topology:
    """
    The map at `path`.

    Raises `MapError` with every finding (unknown key, wrong type, unknown topic, a key given
    twice, a loop that nothing ends), `OSError` when the file cannot be read.
    """
    return parse(Path(path).read_text(encoding="utf-8"), str(path))


def parse(text: str, name: str = "topology.yaml") -> Topology:
    """The map in `text`; `name` stands in the findings. Raises `MapError`."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MapError([f"{name}:{line}: {error.problem}"]) from error
    reading = _Reading(name)
    reading.note_lines(root, ())
    if reading.findings:
        raise MapError(reading.findings)
    topology = reading.convert(yaml.safe_load(text))
    reading.check_references(topology)
    if reading.findings:
        raise MapError(reading.findings)
    return topology


class _Reading:
    """One reading of one file: where everything stands, and what is wrong with it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Where, int] = {}
        self.findings: list[str] = []

    def say(self, where: Where, what: str) -> None:
        """Note a finding at the line of `where`, or of the nearest thing around it."""
        while where and where not in self.lines:
            where = where[:-1]
        self.findings.append(f"{self.name}:{self.lines.get(where, 1)}: {what}")

    def note_lines(self, node: yaml.Node | None, where: Where) -> None:
        """Remember the line of every key; a key given twice is a finding (YAML keeps the last)."""
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.value in seen:
                    what = f"{key.value} stands here and in line {seen[key.value]}"
                    self.findings.append(f"{self.name}:{line}: {what}")
                seen[key.value] = line
                self.lines[*where, key.value] = line
                self.note_lines(value, (*where, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.lines[*where, str(index)] = item.start_mark.line + 1
                self.note_lines(item, (*where, str(index)))

    def convert(self, data: Any) -> Topology:
        """The typed map. Raises `MapError` when it has not the right shape."""
        if not isinstance(data, dict):
            raise MapError([f"{self.name}:1: the map is empty"])
        self.unknown_keys(data, MapFile, ())
        defaults = self.typed(data.get("defaults"), Defaults, ("defaults",))
        given = msgspec.to_builtins(defaults) if defaults else {}
        shared_emits, shared_writes = given.pop("emits", ()), given.pop("writes", ())
        functions: dict[str, Any] = {}
        for name, entry in self.section(data, "functions"):
            merged = {**given, **entry}
            if entry.get("consumes"):
                merged["emits"] = _union(entry.get("emits"), shared_emits)
                merged["writes"] = _union(entry.get("writes"), shared_writes)
            functions[name] = self.typed(merged, Function, ("functions", name))
        topics = {
            name: self.typed(entry, Topic, ("topics", name))
            for name, entry in self.section(data, "topics")
        }
        schedules = {
            name: self.typed(entry, Schedule, ("schedules", name))
            for name, entry in self.section(data, "schedules")
        }
        if self.findings:
            raise MapError(self.findings)
        names = {"topics": topics, "functions": functions, "schedules": schedules}
        try:
            checked = converted(msgspec.to_builtins({"defaults": defaults, **names}), MapFile)
        except msgspec.ValidationError as error:  # what is left are names that do not fit
            raise MapError([f"{self.name}:1: a name does not fit: {error}"]) from error
        return Topology(checked.topics, checked.functions, checked.schedules)

    def section(
        self, data: Mapping[str, Any], section: str
    ) -> Iterable[tuple[str, dict[str, Any]]]:
        """The entries of one section; what is not a mapping is a finding."""
        entries = data.get(section)
        if not isinstance(entries, dict):
            self.say((section,), f"{section} is missing or not a mapping")
            return
        for name, entry in entries.items():
            if isinstance(entry, dict):
                yield name, entry
            else:
                self.say((section, name), f"{section}.{name} is not a mapping")

    def typed(self, entry: Any, cls: type[Entry], where: Where) -> Any:
        """`entry` as `cls`, or None after noting what is wrong with it."""
        if not isinstance(entry, dict):
            self.say(where, f"{'.'.join(where)} is missing or not a mapping")
            return None
        if not self.unknown_keys(entry, cls, where):
            return None
        try:
            return converted(entry, cls)
        except msgspec.ValidationError as error:
            what, _, path = str(error).partition(" - at `$")
            inner = tuple(
                p for p in path.rstrip("`").replace("[", ".").replace("]", "").split(".") if p
            )
            self.say((*where, *inner), f"{'.'.join((*where, *inner))}: {what}")
            return None

    def unknown_keys(self, entry: Mapping[str, Any], cls: type[Entry], where: Where) -> bool:
        """Whether all keys are known; each unknown one is a finding with a suggestion."""
        known = [f.name for f in msgspec.structs.fields(cls)]
        unknown = [key for key in entry if key not in known]
        for key in unknown:
            self.say((*where, key), f"unknown key {key!r}{_suggestion(key, known)}")
        return not unknown

    def check_references(self, topology: Topology) -> None:
        """Everything that only holds between entries."""
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
            self.check_function(topology, name, function)
        for name, schedule in topology.schedules.items():
            where = ("schedules", name)
            self.known_topics(topology, (schedule.emits,), (*where, "emits"))
            try:
                ZoneInfo(schedule.zone)
            except (ZoneInfoNotFoundError, ValueError):
                self.say((*where, "zone"), f"there is no time zone {schedule.zone!r}")
            try:
                cronsim.CronSim(schedule.cron, _ANY_TIME)
            except cronsim.CronSimError as error:
                self.say((*where, "cron"), f"{schedule.cron!r} is no cron expression: {error}")
        self.findings.extend(
            f"{self.name}:1: nothing ends the loop {' → '.join(loop)}: one of its topics needs loop_ends"
            for loop in unguarded_loops(topology)
        )

    def check_function(self, topology: Topology, name: str, function: Function) -> None:
        """Everything that concerns one function."""
        where = ("functions", name)
        for field in ("consumes", "emits", "sets"):
            self.known_topics(topology, getattr(function, field), (*where, field))
        for field in ("consumes", "emits", "sets", "reads", "writes", "secrets", "packages"):
            values = getattr(function, field)
            for value in sorted({v for v in values if values.count(v) > 1}):
                self.say((*where, field), f"{name}.{field} lists {value} twice")
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

    def known_topics(self, topology: Topology, names: Iterable[str], where: Where) -> None:
        """Note every name that is no topic, with a suggestion."""
        for name in names:
            if name not in topology.topics:
                self.say(where, f"there is no topic {name!r}{_suggestion(name, topology.topics)}")


def _union(own: Any, shared: Iterable[str]) -> Any:
    """`own` and what of `shared` is not in it; what is no list is left for the type check."""
    if own is None:
        return list(shared)
    return [*own, *(s for s in shared if s not in own)] if isinstance(own, list) else own


def _suggestion(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
