"""The arguments of `toban completion`."""

from __future__ import annotations

import argparse
from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 140
SHELLS: Final = ("bash", "zsh", "fish")


def arguments(builder: Builder, to: Any) -> None:
    """Declare ``completion``."""
    completion = builder.add(
        to,
        "completion",
        "completion",
        "toban.cli.completion.commands:completion",
        json=False,
        project=False,
    )
    completion.add_argument(
        "shell", choices=SHELLS, metavar="SHELL", help=builder.say("completion.shell")
    )
    # What the printed script calls at each TAB: the words so far, the last one not finished.
    completion.add_argument("--answer", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
