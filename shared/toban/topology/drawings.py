"""The map as drawings (Mermaid flowcharts): of everything, of what goes between domains, of one."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from toban.topology.rooms import is_domain
from toban.topology.types import Topology

PLATFORM = "platform"
"""Stands for the domain of functions that keep house for all of them."""


def domains(root: Path, topology: Topology) -> dict[str, str]:
    """Return function → domain: the domain whose use case its ``main.py`` imports."""
    return {name: _domain(root / "functions" / name / "main.py") for name in topology.functions}


def _domain(main: Path) -> str:
    tree = ast.parse(main.read_text(encoding="utf-8")) if main.exists() else ast.Module([], [])
    named = [
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
        )
        if name is not None
    ]
    packages = {name.split(".")[1] for name in named if name.startswith("toban.")}
    found = sorted(filter(is_domain, packages))
    return found[0] if len(found) == 1 else PLATFORM


def drawing(topology: Topology) -> str:
    """Return the whole chain; what every consumer shares (parking) is left out."""
    lines: list[str] = []
    for name, function in topology.functions.items():
        lines.append(f"{name}[{name}]")
        lines.extend(f"http_{name}(((HTTP))) --> {name}" for _ in function.http[:1])
    lines.extend(f"{_id(topic)}([{topic}])" for topic in topology.topics)
    lines.extend(
        f"clock_{_id(name)}(((clock))) --> {_id(s.emits)}" for name, s in topology.schedules.items()
    )
    for name in topology.functions:
        lines.extend(_ways(topology, name))
    return _chart([*lines, _shared(topology)])


def overview(topology: Topology, domain_of: Mapping[str, str]) -> str:
    """Return the domains, and the topics from one to another."""
    between: dict[tuple[str, str], list[str]] = {}
    for topic in topology.topics:
        if topic in everywhere(topology):
            continue
        for a in {domain_of[f]: None for f in _publishers(topology, topic)}:
            for b in {domain_of[f]: None for f in topology.consumers(topic)}:
                if a != b:
                    between.setdefault((a, b), []).append(topic)
    lines = [f"{domain}[{domain}]" for domain in dict.fromkeys(domain_of.values())]
    lines += [
        f'{a} -- "{"<br/>".join(topics)}" --> {b}' for (a, b), topics in sorted(between.items())
    ]
    return _chart(lines)


def one_domain(topology: Topology, domain_of: Mapping[str, str], domain: str) -> str:
    """Return the functions of one domain with their topics, and the domains on the other side."""
    names = [name for name, of in domain_of.items() if of == domain]
    own = [topology.functions[name] for name in names]
    shared = everywhere(topology)
    consumed = {t: None for f in own for t in f.consumes}
    given = {t: None for f in own for t in (*f.emits, *f.sets) if t not in shared}
    lines = [f"{name}[{name}]" for name in names]
    lines += [
        f"http_{name}(((HTTP))) --> {name}" for name in names if topology.functions[name].http
    ]
    lines += [f"{_id(topic)}([{topic}])" for topic in {**consumed, **given}]
    lines += [
        f"clock_{_id(name)}(((clock))) --> {_id(s.emits)}"
        for name, s in topology.schedules.items()
        if s.emits in consumed
    ]
    for name in names:
        lines += _ways(topology, name)
    for topic in consumed:
        if topic in shared:
            lines.append(f"every_consumer[[every consumer]] --> {_id(topic)}")
            continue
        others = {domain_of[f]: None for f in _publishers(topology, topic)}
        lines += [f"of_{a}[[{a}]] --> {_id(topic)}" for a in others if a != domain]
    for topic in given:
        others = {domain_of[f]: None for f in topology.consumers(topic)}
        lines += [f"{_id(topic)} --> of_{b}[[{b}]]" for b in others if b != domain]
    return _chart([*lines, _shared(topology)])


def everywhere(topology: Topology) -> list[str]:
    """Return the topics that every consuming function emits."""
    consuming = [set(f.emits) for f in topology.functions.values() if f.consumes]
    return sorted(set.intersection(*consuming)) if consuming else []


def _publishers(topology: Topology, topic: str) -> list[str]:
    """The functions whose work leads to an event on a topic; whoever only keeps its time is none."""
    return [name for name, f in topology.functions.items() if topic in (*f.emits, *f.sets)]


def _ways(topology: Topology, name: str) -> Iterator[str]:
    """What a function consumes, emits, and sets timers for."""
    function, shared = topology.functions[name], everywhere(topology)
    yield from (f"{_id(topic)} --> {name}" for topic in function.consumes)
    yield from (f"{name} --> {_id(topic)}" for topic in function.emits if topic not in shared)
    yield from (f"{name} -. later .-> {_id(topic)}" for topic in function.sets)


def _shared(topology: Topology) -> str:
    return f"%% every consumer may also emit: {', '.join(everywhere(topology))}"


def _chart(lines: list[str]) -> str:
    return "\n".join(["```mermaid", "flowchart LR", *(f"    {line}" for line in lines), "```"])


def _id(name: str) -> str:
    return name.replace("-", "_")
