"""
The arguments of `toban`, and which function carries out what.

Commands are named here as ``module:function`` and imported only when asked for, so that
``toban --help`` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from toban.cli.backups import arguments as backups
from toban.cli.kit.terminal import Language, Problem, Terminal, language_of, nearest, say

Command = Callable[[argparse.Namespace, Terminal], int]


class _Usage(Exception):
    """Asked wrongly; told without argparse's usage lines."""


class _Parser(argparse.ArgumentParser):
    """An argument parser that suggests what was probably meant."""

    language: Language = "en"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        kwargs.setdefault("formatter_class", _Format)
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        raise _Usage(say(self.language, "error.usage", message=message, program=self.prog))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            what = (
                "what.command" if isinstance(action, argparse._SubParsersAction) else "what.choice"
            )
            raise _Usage(unknown(self.language, str(value), what, action.choices))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """See argparse; an option that nobody knows is told by the parser it was given to."""
        found, rest = super().parse_known_args(args, namespace)
        options = [word for word in rest if word.startswith("-") and word != "-"]
        if options:
            name = options[0].partition("=")[0]
            near = nearest(name, self._option_string_actions)
            hint = say(self.language, "error.meant", word=near) if near else ""
            raise _Usage(say(self.language, "error.option", word=name, hint=hint))
        return found, rest


class _Format(argparse.HelpFormatter):
    """Wide enough for the texts; no list of all commands in the usage line."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)


def unknown(language: Language, word: str, what: str, known: Iterable[str]) -> str:
    """The sentence for a word that is none of the known ones."""
    names = [str(name) for name in known]
    near = nearest(word, names)
    if near:
        hint = say(language, "error.meant", word=near)
    else:
        hint = say(language, "error.known", words=", ".join(names[:12])) if names else ""
    return say(language, "error.choice", word=word, what=say(language, what), hint=hint)


def parser(language: Language) -> argparse.ArgumentParser:
    """All arguments, with help in a language."""
    _Parser.language = language
    builder = _Builder(language)
    top = _Parser(prog="toban", description=builder.say("toban"), epilog=builder.say("more"))
    top.add_argument("--version", action="store_true", help=builder.say("version"))
    builder.common(top, defaults=True)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title=builder.say("commands"))
    builder.runtime(commands)
    builder.incidents(commands)
    builder.looking(commands)
    builder.profiles(commands)
    builder.letters(commands)
    backups.arguments(builder, commands)
    return top


class _Builder:
    def __init__(self, language: Language) -> None:
        self.language = language

    def say(self, key: str) -> str:
        return say(self.language, f"help.{key}").replace("%", "%%")

    def common(self, to: argparse.ArgumentParser, *, defaults: bool = False) -> None:
        """Options that may stand before or after the command."""
        for name, key, default in (
            ("--data", "data", None),  # see `run`: the demo has a place of its own
            ("--services", "services", None),
        ):
            to.add_argument(
                name,
                type=Path,
                metavar="DIR",
                help=self.say(key),
                default=default if defaults else argparse.SUPPRESS,
            )
        to.add_argument(
            "--lang",
            choices=("ja", "en"),
            help=self.say("lang"),
            default=self.language if defaults else argparse.SUPPRESS,
        )

    def add(
        self, to: Any, name: str, key: str, run: str, *, json: bool = False
    ) -> argparse.ArgumentParser:
        """A command; `run` is where it is carried out."""
        made: argparse.ArgumentParser = to.add_parser(
            name, help=self.say(key), description=self.say(key)
        )
        self.common(made)
        made.set_defaults(run=run)
        if json:
            made.add_argument("--json", action="store_true", help=self.say("json"))
        return made

    def group(self, to: Any, name: str, key: str) -> Any:
        """A command that has commands of its own."""
        made = to.add_parser(name, help=self.say(key), description=self.say(key))
        self.common(made)
        return made.add_subparsers(
            dest=f"{name}_command", metavar="COMMAND", title=self.say("commands"), required=True
        )

    def runtime(self, to: Any) -> None:
        dev = self.add(to, "dev", "dev", "toban.cli.dev.commands:dev")
        dev.add_argument("--port", type=int, default=8080, help=self.say("dev.port"))
        dev.add_argument("--emulators", action="store_true", help=self.say("dev.emulators"))
        dev.add_argument("--quiet", action="store_true", help=self.say("dev.quiet"))
        demo = self.add(to, "demo", "demo", "toban.cli.demo.story:run")
        for action in demo._actions:
            if action.dest == "data":
                action.help = self.say("demo.keep")
        send = self.add(to, "send", "send", "toban.cli.send.commands:send")
        send.add_argument("what", metavar="WHAT", help=self.say("send.what"))
        send.add_argument("--file", metavar="FILE", help=self.say("send.file"))
        send.add_argument(
            "--set", metavar="PATH=VALUE", action="append", default=[], help=self.say("send.set")
        )
        send.add_argument("--url", default="http://127.0.0.1:8080", help=self.say("send.url"))
        send.add_argument("--service", metavar="ID", default="", help=self.say("send.service"))
        send.add_argument("--show", action="store_true", help=self.say("send.show"))

    def incidents(self, to: Any) -> None:
        module = "toban.cli.incidents.commands"
        group = self.group(to, "incidents", "incidents")
        listing = self.add(group, "list", "incidents.list", f"{module}:list_", json=True)
        listing.add_argument("--all", action="store_true", help=self.say("incidents.all"))
        listing.add_argument(
            "--status",
            choices=("open", "acknowledged", "resolved"),
            help=self.say("incidents.status"),
        )
        listing.add_argument("--service", metavar="ID", help=self.say("incidents.service"))
        show = self.add(group, "show", "incidents.show", f"{module}:show", json=True)
        show.add_argument("id", metavar="ID", nargs="?", help=self.say("id.newest"))
        for name, action in (
            ("ack", "acknowledge"),
            ("resolve", "resolve"),
            ("reopen", "reopen"),
            ("note", "note"),
            ("escalate", "escalate"),
            ("severity", "severity"),
        ):
            command = self.add(group, name, f"incidents.{name}", f"{module}:act", json=True)
            command.set_defaults(action=action)
            if name == "ack":
                command.add_argument("id", metavar="ID", nargs="?", help=self.say("id.only"))
            else:
                command.add_argument("id", metavar="ID", help=self.say("id"))
            if name == "note":
                command.add_argument("text", metavar="TEXT", nargs="+", help=self.say("text"))
            if name == "severity":
                command.add_argument("label", metavar="LABEL", help=self.say("label"))
            if name in ("resolve", "reopen"):
                command.add_argument("--note", default="", help=self.say("note"))
            command.add_argument("--as", dest="actor", metavar="NAME", help=self.say("as"))

    def looking(self, to: Any) -> None:
        oncall = self.add(to, "oncall", "oncall", "toban.cli.oncall.commands:oncall", json=True)
        oncall.add_argument("--service", metavar="ID", help=self.say("service"))
        oncall.add_argument("--at", metavar="TIME", help=self.say("oncall.at"))
        group = self.group(to, "notifications", "notifications")
        listing = self.add(
            group, "list", "notifications", "toban.cli.notifications.commands:list_", json=True
        )
        listing.add_argument("--incident", metavar="ID", help=self.say("notifications.incident"))
        listing.add_argument("--all", action="store_true", help=self.say("notifications.all"))
        topology = self.add(
            to, "topology", "topology", "toban.cli.topology.commands:topology", json=True
        )
        topology.add_argument("--mermaid", action="store_true", help=self.say("topology.mermaid"))
        trace = self.add(to, "trace", "trace", "toban.cli.trace.commands:trace", json=True)
        trace.add_argument("id", metavar="ID", help=self.say("trace.id"))

    def profiles(self, to: Any) -> None:
        check = self.add(to, "check", "check", "toban.cli.profiles.commands:check", json=True)
        check.add_argument(
            "files", metavar="FILE", nargs="*", type=Path, help=self.say("check.files")
        )
        check.add_argument("--store", action="store_true", help=self.say("check.store"))
        check.add_argument("--project", metavar="ID", help=self.say("backups.project"))
        plan = self.add(to, "plan", "plan", "toban.cli.profiles.commands:apply", json=True)
        plan.set_defaults(dry_run=True)
        apply = self.add(to, "apply", "apply", "toban.cli.profiles.commands:apply", json=True)
        apply.add_argument("--dry-run", action="store_true", help=self.say("apply.dry"))
        apply.add_argument("--yes", action="store_true", help=self.say("yes"))
        for command in (plan, apply):
            command.add_argument("--project", metavar="ID", help=self.say("project"))
            command.add_argument("--location", metavar="NAME", help=self.say("location"))
        self.add(to, "schedules", "schedules", "toban.cli.schedules.commands:schedules", json=True)

    def letters(self, to: Any) -> None:
        parked = self.group(to, "parked", "parked")
        self.add(parked, "list", "list", "toban.cli.parked.commands:parked_list", json=True)
        show = self.add(parked, "show", "show", "toban.cli.parked.commands:parked_show", json=True)
        show.add_argument("id", metavar="ID", help=self.say("parked.id"))
        dead = self.group(to, "dead", "dead")
        self.add(dead, "list", "list", "toban.cli.parked.commands:dead_list", json=True)
        self.add(dead, "redrive", "dead.redrive", "toban.cli.parked.commands:redrive", json=True)


def _unavailable() -> type[Exception]:
    """Looked up when something went wrong only: help and usage import nothing."""
    from toban.ports import Unavailable

    return Unavailable


def run(argv: Sequence[str] | None = None) -> int:
    """Carry out a command line; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    language = language_of(arguments, os.environ)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A locale without our letters must not end a command halfway.
            stream.reconfigure(errors="replace")
    terminal = Terminal(language)
    top = parser(language)
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
        if asked.services is None:
            asked.services = _services()
        module, _, name = asked.run.partition(":")
        command: Command = getattr(importlib.import_module(module), name)
        code = command(asked, terminal)
        sys.stdout.flush()  # here, where a closed pipe is expected
        return code
    except _Usage as error:
        return _tell(terminal, str(error), 2)
    except Problem as problem:
        return _tell(terminal, str(problem), problem.code)
    except _unavailable() as error:  # a full disk, a locked file
        return _tell(terminal, str(error), 1)
    except BrokenPipeError:
        # `toban … | head`: nobody reads any more, and nothing may be written at the exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except SystemExit as exit_:  # argparse after --help
        return exit_.code if isinstance(exit_.code, int) else 0


def _services() -> Path:
    """The services directory here, else that of the checkout."""
    here = Path("infra/services")
    if here.is_dir():
        return here
    return Path(__file__).resolve().parents[3] / "infra" / "services"


def _tell(terminal: Terminal, message: str, code: int) -> int:
    terminal.note(terminal.say("error", message=message))
    return code
