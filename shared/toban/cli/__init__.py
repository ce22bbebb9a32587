"""The command line, `toban`. Nothing heavy is imported before it is known what is asked for."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run `toban` with these arguments (None: those of the process); returns the exit code.

    0: done; 1: it did not work, there is none of what was named, or a check found errors; 2: asked
    wrongly; 3: it worked, and what was looked at is not as it should be; 130: interrupted.
    """
    from toban.cli.app import run

    return run(argv)
