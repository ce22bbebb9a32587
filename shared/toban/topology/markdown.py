"""The map for people: tables, and pages with its drawings, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toban.texts import Language
from toban.topology.drawings import everywhere, one_domain, overview
from toban.topology.graph import looping_topics
from toban.topology.types import Function, Topology


@dataclass(frozen=True)
class GeneratedBlock:
    """A generated part of a handwritten page, between two marker lines."""

    name: str
    source: str

    @property
    def begin(self) -> str:
        """Return the line before it."""
        return f"<!-- {self.name}:begin (generated from {self.source} by make map) -->"

    @property
    def end(self) -> str:
        """Return the line after it."""
        return f"<!-- {self.name}:end -->"

    def replaced(self, page: str, content: str) -> str:
        """Return `page` with the content between the lines; raises `ValueError` without them."""
        before, begin, rest = page.partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not begin or not end:
            raise ValueError(f"needs the lines {self.begin!r} and {self.end!r}")
        return f"{before}{begin}\n\n{content}\n\n{end}{after}"


MAP = GeneratedBlock("map", "events/topology.yaml")
SECRETS = GeneratedBlock("secrets", "events/topology.yaml")


def readme(topology: Topology, with_samples: set[str], domain_of: Mapping[str, str]) -> str:
    """Return ``events/README.md``; `with_samples` are the event types that have a sample."""
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
            overview(topology, domain_of),
            "",
            "A drawing of each domain is in [ARCHITECTURE.md](../ARCHITECTURE.md#the-chain).",
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
            table(
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


def function_table(topology: Topology, names: Iterable[str] | None = None) -> str:
    """Return the table function → consumes → emits → state; of all functions, or of these."""
    return table(
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
            if names is None or name in names
        ),
    )


def embed(page: str, topology: Topology, domain_of: Mapping[str, str]) -> str:
    """
    Return `page` with the drawings and tables between its markers; raises `ValueError` without.

    `domain_of`: function → domain (`toban.topology.drawings.domains`).
    """
    parts = [overview(topology, domain_of)]
    for domain in dict.fromkeys(domain_of.values()):
        names = [name for name, of in domain_of.items() if of == domain]
        parts += [
            f"### {domain}",
            one_domain(topology, domain_of, domain),
            function_table(topology, names),
        ]
    return MAP.replaced(page, "\n\n".join(parts))


def secret_table(topology: Topology, language: Language) -> str:
    """Return the table secret → what it is, in one language."""
    head = {"en": ("Secret", "What it is"), "ja": ("シークレット", "内容")}[language]
    return table(
        head,
        (
            (f"`{name.replace('*', '…')}`", getattr(secret.about, language))
            for name, secret in topology.secrets.items()
        ),
    )


def _consumes(name: str, function: Function) -> str:
    if function.http:
        return "<br>".join(f"POST `/{name}{path.rstrip('/')}`" for path in function.http)
    return _codes(function.consumes)


def _emits(topology: Topology, function: Function) -> str:
    own = [t for t in function.emits if t not in everywhere(topology)]
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
        f"Whatever consumes may also emit {_codes(everywhere(topology), ', ')}, and writes the",
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

    return table(
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


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
