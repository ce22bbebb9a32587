"""The arguments of `toban demo`."""

from __future__ import annotations

from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 20


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``demo``."""
    demo = builder.add(to, "demo", "demo", "toban.cli.demo.story:run", json=False, project=False)
    demo.set_defaults(env_file=False)  # its stand-ins have secrets of their own
    for action in demo._actions:
        if action.dest == "data":
            action.help = builder.say("demo.keep")
