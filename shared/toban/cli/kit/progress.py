"""How far long work is, shown while a command waits for it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from toban.cli.kit.terminal import Terminal


@dataclass(frozen=True)
class ProgressView:
    """The progress of some work, as shown."""

    text: str
    done: int = 0
    total: int = 0
    """0: nobody knows yet."""
    trouble: str = ""
    """Why the last try failed: said once, at once, wherever the output goes."""


@contextlib.contextmanager
def bar(terminal: Terminal, *, quiet: bool) -> Iterator[Callable[[ProgressView], None]]:
    """A bar where a person looks; else a line for each new thing that is done."""
    if not sys.stderr.isatty():
        said = told = ""

        def tell(seen: ProgressView) -> None:
            nonlocal said, told
            if seen.trouble and seen.trouble != told:
                told = seen.trouble
                terminal.note(told)
            word = seen.text.partition(" · ")[0]
            if word != said and not quiet:
                said = word
                terminal.note(word)

        yield tell
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        told = ""

        def draw(seen: ProgressView) -> None:
            nonlocal told
            if seen.trouble and seen.trouble != told:
                told = seen.trouble
                progress.console.print(escape(told))
            progress.update(
                task,
                description=escape(seen.text),
                completed=seen.done,
                total=seen.total or None,
            )

        yield draw
