"""The command line, `toban`. Nothing heavy is imported before it is known what is asked for."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run `toban` with these arguments (None: those of the process); returns the exit code.

    0: done; 1: it did not work, or a check found errors; 2: asked wrongly.
    """
    from toban.cli.app import run

    return run(argv)
