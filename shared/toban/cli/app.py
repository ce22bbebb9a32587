"""
What `toban` does with a command line: reads it, has it carried out, and tells what went wrong.

Commands are declared in ``arguments.py`` of each folder beside this one, and found there.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from toban.cli.kit.arguments import Usage, folder_of, parser
from toban.cli.kit.terminal import Problem, Terminal, language_of

if TYPE_CHECKING:
    from toban.ports import Clock

SERVICES = Path("infra/services")
"""Where profiles are looked for. Nowhere else: whoever stands elsewhere must not get a stranger's."""

Command = Callable[[argparse.Namespace, Terminal], int]


def _said(error: Exception, terminal: Terminal) -> str | None:
    """
    What an error means to whoever called a command; None: a defect.

    Looked up when something went wrong only: help and usage import nothing.
    """
    from msgspec import ValidationError

    from toban.cli.kit.reader import UnreadableDocumentError
    from toban.kernel.config import ConfigError
    from toban.ports import Unavailable

    if isinstance(error, ConfigError) and error.wrong:
        return terminal.say("env.form", name=", ".join(error.wrong))
    if isinstance(error, UnreadableDocumentError):
        path, why = error.args
        return terminal.say("data.unreadable.one", path=path, why=why)
    if isinstance(error, ValidationError):  # in a profile, whose sections are read when asked for
        return terminal.say("data.unreadable.part", why=error)
    if isinstance(error, Unavailable):  # a full disk, a locked file
        return str(error)
    if isinstance(error, OSError) and error.filename:  # a name too long, a link to itself
        return f"{str(error.filename)[:200]}: {error.strerror}"
    return None


def run(argv: Sequence[str] | None = None) -> int:
    """Carry out a command line; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    language = language_of(arguments, os.environ)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A locale without our letters must not end a command halfway.
            stream.reconfigure(errors="replace")
    terminal = Terminal(language)
    top = parser(language, folder_of(arguments))
    try:
        asked = top.parse_args(arguments)
        if asked.version:
            from toban import __version__

            terminal.line(f"toban {__version__}")
            return 0
        if asked.command is None:
            top.print_help()
            return 0
        if asked.data is None and asked.command != "demo":
            asked.data = Path(".toban")
        if asked.data is not None and asked.data.exists() and not asked.data.is_dir():
            raise Problem(terminal.say("data.file", data=asked.data))
        asked.services_named = asked.services is not None
        if asked.services is None:
            asked.services = SERVICES
        from toban.cli.kit import times

        times.go_by(_clock(asked))
        module, _, name = asked.run.partition(":")
        command: Command = getattr(importlib.import_module(module), name)
        with _settings(asked, terminal):
            code = command(asked, terminal)
        sys.stdout.flush()  # here, where a closed pipe is expected
        return code
    except Usage as error:
        return _tell(terminal, str(error), 2)
    except Problem as problem:
        return _tell(terminal, str(problem), problem.code)
    except BrokenPipeError:
        # `toban … | head`: nobody reads any more, and nothing may be written at the exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except SystemExit as exit_:  # argparse after --help
        return exit_.code if isinstance(exit_.code, int) else 0
    except Exception as error:
        said = _said(error, terminal)
        if said is None:
            raise
        return _tell(terminal, said, 1)


def _clock(asked: argparse.Namespace) -> Clock | None:
    """The clock of the data directory, if it has one of its own (`toban dev --clock virtual`)."""
    path = None if asked.data is None or getattr(asked, "project", None) else asked.data / "clock"
    if path is None or not path.is_file():
        return None
    from toban.adapters.local.files.clock import FileClock

    return FileClock(path)


def _settings(asked: argparse.Namespace, terminal: Terminal) -> AbstractContextManager[None]:
    """The env file of the data directory; a project has settings and secrets of its own."""
    if asked.data is None or not asked.env_file or getattr(asked, "project", None):
        return nullcontext()
    from toban.cli.kit import envfile

    return envfile.applied(envfile.place(asked.data), terminal)


def _tell(terminal: Terminal, message: str, code: int) -> int:
    terminal.note(terminal.say("error", message=message))
    return code
