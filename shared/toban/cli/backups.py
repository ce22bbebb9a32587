"""The arguments of `toban backups`; each command's work is in a module of its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Protocol


class Builder(Protocol):
    """What `toban.cli.app` offers to describe commands."""

    def say(self, key: str) -> str:
        """A help text."""
        ...

    def group(self, to: Any, name: str, key: str) -> Any:
        """A command that has commands of its own."""
        ...

    def add(
        self, to: Any, name: str, key: str, run: str, *, json: bool = False
    ) -> argparse.ArgumentParser:
        """A command; `run` is where it is carried out."""
        ...


def arguments(builder: Builder, to: Any) -> None:
    """Describe ``backups`` and its commands."""
    group = builder.group(to, "backups", "backups")
    retention(builder, group)


def retention(builder: Builder, to: Any) -> None:
    """Describe ``backups retention``."""
    command = builder.add(
        to,
        "retention",
        "backups.retention",
        "toban.cli.backup_retention:retention",
        json=True,
    )
    for name in ("policy", "catalog"):
        command.add_argument(
            f"--{name}",
            type=Path,
            metavar="FILE",
            required=True,
            help=builder.say(f"backups.{name}"),
        )
    command.add_argument("--now", metavar="TIME", help=builder.say("backups.now"))
