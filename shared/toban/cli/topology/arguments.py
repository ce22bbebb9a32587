"""The arguments of `toban topology`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 70


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``topology``."""
    run = "toban.cli.topology.commands:topology"
    topology = builder.add(to, "topology", "topology", run, project=False)
    topology.add_argument("--mermaid", action="store_true", help=builder.say("topology.mermaid"))
