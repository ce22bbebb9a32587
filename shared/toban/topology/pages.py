"""The map for people: tables and the drawing of the chain, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from toban.topology.graph import looping_topics
from toban.topology.types import Function, Topology

BEGIN = "<!-- map:begin (generated from events/topology.yaml by make map) -->"
END = "<!-- map:end -->"


def readme(topology: Topology, with_samples: set[str]) -> str:
    """``events/README.md``; `with_samples` are the event types that have a sample."""
    return "\n".join(
        [
            "<!-- Generated from events/topology.yaml (make map). -->",
            "# Events",
            "",
            "What happens, and who reacts. The map is [topology.yaml](topology.yaml); everything",
            "else in this folder follows from it and from the typed events. A message is a",
            "CloudEvent in binary mode: attributes `ce-*`, a JSON body",
            "([asyncapi.yaml](asyncapi.yaml)).",
            "",
            "## The chain",
            "",
            drawing(topology),
            "",
            "## Functions",
            "",
            function_table(topology),
            "",
            *_notes(topology),
            "",
            "## Topics",
            "",
            _topic_table(topology, with_samples),
            "",
            "## Schedules",
            "",
            _table(
                ("schedule", "cron", "zone", "emits"),
                (
                    (f"`{name}`", f"`{s.cron}`", s.zone, f"`{s.emits}`")
                    for name, s in topology.schedules.items()
                ),
            ),
            "",
            "## Loops, and why they end",
            "",
            *_loops(topology),
            "",
        ]
    )


def function_table(topology: Topology) -> str:
    """Function → consumes → emits → state."""
    return _table(
        ("function", "what it does", "consumes", "emits", "state", "memory, timeout, concurrency"),
        (
            (
                f"`{name}`",
                f"{f.about.en}<br>{f.about.ja}",
                _consumes(name, f),
                _emits(topology, f),
                _state(topology, f),
                f"{f.memory_mb} MiB, {f.timeout_s} s, {f.concurrency}",
            )
            for name, f in topology.functions.items()
        ),
    )


def drawing(topology: Topology) -> str:
    """The chain as a Mermaid flowchart; what every consumer shares (parking) is left out."""
    everywhere = _everywhere(topology)
    lines = ["```mermaid", "flowchart LR"]
    for name, function in topology.functions.items():
        lines.append(f"    {name}[{name}]")
        lines.extend(f"    http_{name}(((HTTP))) --> {name}" for _ in function.http[:1])
    lines.extend(f"    {_id(topic)}([{topic}])" for topic in topology.topics)
    lines.extend(
        f"    clock_{_id(name)}(((clock))) --> {_id(s.emits)}"
        for name, s in topology.schedules.items()
    )
    for name, function in topology.functions.items():
        lines.extend(f"    {_id(topic)} --> {name}" for topic in function.consumes)
        lines.extend(f"    {name} --> {_id(t)}" for t in function.emits if t not in everywhere)
        lines.extend(f"    {name} -. later .-> {_id(topic)}" for topic in function.sets)
    parked = ", ".join(everywhere)
    return "\n".join([*lines, f"    %% every consumer may also emit: {parked}", "```"])


def embed(page: str, topology: Topology) -> str:
    """`page` with the drawing and the table between its markers; raises `ValueError` without."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"needs the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n\n{drawing(topology)}\n\n{function_table(topology)}\n\n{END}{after}"


def _everywhere(topology: Topology) -> list[str]:
    """Topics that every consuming function emits."""
    consuming = [set(f.emits) for f in topology.functions.values() if f.consumes]
    return sorted(set.intersection(*consuming)) if consuming else []


def _consumes(name: str, function: Function) -> str:
    if function.http:
        return "<br>".join(f"POST `/{name}{path.rstrip('/')}`" for path in function.http)
    return _codes(function.consumes)


def _emits(topology: Topology, function: Function) -> str:
    own = [t for t in function.emits if t not in _everywhere(topology)]
    parts = [*(f"`{t}`" for t in own), *(f"`{t}` (timer)" for t in function.sets)]
    if function.emits_due:
        parts.append("whatever timer is due")
    if function.redrives:
        parts.append("dead letters, to where they came from")
    return "<br>".join(parts) or "–"


def _state(topology: Topology, function: Function) -> str:
    shared = set.intersection(*(set(f.writes) for f in topology.functions.values() if f.consumes))
    writes = [c for c in function.writes if c not in shared]
    parts = [
        *([f"writes {_codes(writes, ', ')}"] if writes else []),
        *([f"reads {_codes(function.reads, ', ')}"] if function.reads else []),
        *(["blobs"] if function.blobs else []),
    ]
    return "; ".join(parts) or "–"


def _notes(topology: Topology) -> list[str]:
    return [
        f"Whatever consumes may also emit {_codes(_everywhere(topology), ', ')}, and writes the",
        "kernel's `receipts` and `parked`.",
        "",
        "Secrets:",
        "",
        *(
            f"- `{name}`: {_codes(function.secrets, ', ')}"
            for name, function in topology.functions.items()
            if function.secrets
        ),
    ]


def _topic_table(topology: Topology, with_samples: set[str]) -> str:
    def links(event: str) -> str:
        sample = f", [sample](samples/{event}.json)" if event in with_samples else ""
        return f"[`{event}`](schemas/{event}.json){sample}"

    return _table(
        ("topic", "type", "meaning", "from", "to"),
        (
            (
                f"`{name}`",
                links(topic.event),
                f"{topic.about.en}<br>{topic.about.ja}",
                _codes(topology.producers(name)),
                _codes(topology.consumers(name)),
            )
            for name, topic in topology.topics.items()
        ),
    )


def _loops(topology: Topology) -> list[str]:
    looping = looping_topics(topology)
    return [
        f"Topics on a way back to themselves: {_codes(looping, ', ')}.",
        "Every such way passes one of these:",
        "",
        *(f"- `{n}`: {t.loop_ends}" for n, t in topology.topics.items() if t.loop_ends),
    ]


def _codes(names: Iterable[str], between: str = "<br>") -> str:
    return between.join(f"`{name}`" for name in names) or "–"


def _id(name: str) -> str:
    return name.replace("-", "_")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
