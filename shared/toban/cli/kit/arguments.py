"""
How a folder of `toban.cli` declares its commands: a parser that suggests, and a builder with the
options that several commands have.

A folder's ``arguments.py`` holds ``ORDER`` (its place in `toban --help`) and
``arguments(builder, to)``. It names what carries a command out as ``module:function``, which is
imported only when it is asked for, so that ``toban --help`` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NoReturn

from toban.cli.kit.catalogue import expect
from toban.cli.kit.terminal import Problem, Terminal, nearest, say
from toban.texts import Language

_ARGPARSE: Final = {
    "usage: ": "argparse.usage",
    "positional arguments": "argparse.positional",
    "options": "argparse.options",
    "show this help message and exit": "argparse.help",
    "argument %(argument_name)s: %(message)s": "argparse.argument",
    "the following arguments are required: %s": "argparse.required",
    "unrecognized arguments: %s": "argparse.unrecognized",
    "not allowed with argument %s": "argparse.not-with",
    "one of the arguments %s is required": "argparse.one-of",
    "ignored explicit argument %r": "argparse.no-value",
    "expected one argument": "argparse.one",
    "expected at most one argument": "argparse.at-most-one",
    "expected at least one argument": "argparse.at-least-one",
    "invalid %(type)s value: %(value)r": "argparse.invalid",
}
"""What argparse says of its own accord to whoever uses the command line."""


def _translated(said: str | None) -> str | None:
    key = _ARGPARSE.get(said or "")
    return say(Parser.language, key) if key else said


# Instead of looking on the disk for translations, several times a parser, where there are none.
argparse._ = _translated  # type: ignore[attr-defined]

MOST_NAMES = 30
"""Of what there is, so many are named beside a word that is none of it."""
LENGTH: Final = 240
"""And no more, once they are as long as this: of ids a few are enough to see how they look."""


class Usage(Exception):
    """The command was called wrongly; shown without argparse's usage lines."""


class Parser(argparse.ArgumentParser):
    """An argument parser that suggests what was probably meant; raises `Usage`."""

    language: Language = "en"
    _mixed = False
    """Words are taken wherever they stand; only where taking them in order has left some."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        kwargs.setdefault("formatter_class", _Format)
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        """See argparse."""
        raise Usage(say(self.language, "error.usage", message=message, program=self.prog))

    def _get_nargs_pattern(self, action: argparse.Action) -> str:
        """See argparse; what takes all the rest takes also a ``--``: a line to complete may end so."""
        if action.nargs == argparse.REMAINDER:
            return "([-AO]*)"
        return super()._get_nargs_pattern(action)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            what = (
                "what.command" if isinstance(action, argparse._SubParsersAction) else "what.choice"
            )
            raise Usage(unknown(self.language, str(value), what, action.choices))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """
        See argparse; an option that nobody knows is told by the parser it was given to.

        What may be left out may also stand behind an option: ``restore shop --dry-run database``.
        """
        before = argparse.Namespace(**vars(namespace or argparse.Namespace()))
        found, rest = super().parse_known_args(args, namespace)
        if rest and self._subparsers is None and not self._mixed:
            self._mixed = True
            try:
                found, rest = self.parse_known_intermixed_args(args, before)
            finally:
                self._mixed = False
        options = [word for word in rest if word.startswith("-") and word != "-"]
        if options:
            name = options[0].partition("=")[0]
            near = nearest(name, self._option_string_actions)
            hint = say(self.language, "error.meant", word=near) if near else ""
            raise Usage(say(self.language, "error.option", word=name, hint=hint))
        return found, rest


class _Format(argparse.HelpFormatter):
    """Wide enough for the texts; no list of all commands in the usage line."""

    columns = 80
    """Of the terminal; argparse would ask for it at every argument."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=self.columns - 2)


def unknown(language: Language, word: str, what: str, known: Iterable[str]) -> str:
    """Return the sentence for a word that is none of the known ones; `what` is the key of its kind."""
    names = [str(name) for name in known]
    near = nearest(word, names)
    if near:
        hint = say(language, "error.meant", word=near)
    else:
        most = next(
            (n for n in range(1, len(names)) if len(", ".join(names[:n])) > LENGTH), MOST_NAMES
        )
        words = ", ".join([*names[:most], *(["…"] if len(names) > most else [])])
        hint = say(language, "error.known", words=words) if names else ""
    key = "error.nobody" if what == "what.person" else "error.choice"  # people are there otherwise
    return say(language, key, word=word, what=say(language, what), hint=hint)


def no_such(terminal: Terminal, word: str, what: str, known: Iterable[str]) -> Problem:
    """
    Return the `Problem` of a thing that there is not: an id, a service, a region, …

    Its exit code is 1, as everywhere; 2 is for words that the command itself defines (`unknown`).
    """
    return Problem(unknown(terminal.language, word, what, known), 1)


class Builder:
    """Describes commands; every text is a key of `help.` in the catalogue."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def say(self, key: str) -> str:
        """Return a help text."""
        return say(self.language, f"help.{key}").replace("%", "%%")

    def common(self, to: argparse.ArgumentParser, *, defaults: bool = False) -> None:
        """Options that may stand before or after the command."""
        for name, key, default in (
            ("--data", "data", None),  # see `toban.cli.app.run`: the demo has a place of its own
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

    def group(self, to: Any, name: str, key: str) -> Any:
        """Return a command that has commands of its own."""
        made = to.add_parser(name, help=self.say(key), description=self.say(key))
        self.common(made)
        return made.add_subparsers(
            dest=f"{name}_command", metavar="COMMAND", title=self.say("commands"), required=True
        )

    def add(
        self, to: Any, name: str, key: str, run: str, *, json: bool = True, project: bool = True
    ) -> argparse.ArgumentParser:
        """
        Return a command; `run` is where it is carried out.

        `json`: it has ``--json``. `project`: it works on the data directory or, with
        ``--project``, on a Google Cloud project.
        """
        made: argparse.ArgumentParser = to.add_parser(
            name, help=self.say(key), description=self.say(key)
        )
        self.common(made)
        made.set_defaults(run=run, env_file=True)
        if json:
            made.add_argument("--json", action="store_true", help=self.say("json"))
        if project:
            made.add_argument("--project", metavar="ID", help=self.say("in-project"))
        return made

    def listing(
        self, to: Any, name: str, document: str, columns: tuple[str, ...], *, order: str = "at"
    ) -> None:
        """
        A command that lists the documents of a class (``module:Class``), newest first.

        `columns` are its fields, `order` the one by whose time they are sorted. Their titles are
        the texts ``column.FIELD``.
        """
        made = self.add(to, name, name, "toban.cli.kit.listing:list_")
        self.service(made)
        made.set_defaults(document=document, columns=columns, order=order)

    def service(self, to: argparse.ArgumentParser) -> None:
        """``--service``."""
        to.add_argument("--service", metavar="ID", help=self.say("service"))

    def person(self, to: argparse.ArgumentParser) -> None:
        """``--as``: who acts."""
        to.add_argument("--as", dest="actor", metavar="NAME", help=self.say("as"))


def parser(language: Language, only: str = "") -> argparse.ArgumentParser:
    """
    Return all arguments, with help in a language; `only` those of one folder, if there is such
    a one.
    """
    Parser.language = language
    _Format.columns = shutil.get_terminal_size().columns
    if only:
        expect(only)
    builder = Builder(language)
    top = Parser(prog="toban", description=builder.say("toban"), epilog=builder.say("more"))
    top.add_argument("--version", action="store_true", help=builder.say("version"))
    builder.common(top, defaults=True)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title=builder.say("commands"))
    for folder in declared(only):
        folder.arguments(builder, commands)
    return top


def folder_of(arguments: Sequence[str]) -> str:
    """
    Return the folder of the command that is given, if it is named like it; empty: all have to
    be asked.
    """
    place = Path(__file__).parents[1]
    words = [word for word in arguments[:1] if word.isidentifier()]
    return next((word for word in words if (place / word / "arguments.py").is_file()), "")


def declared(only: str = "") -> list[ModuleType]:
    """
    Return the ``arguments`` module of every folder beside this one, in the order of `toban
    --help`.
    """
    place = Path(__file__).parents[1]
    names = [only] if only else [folder.name for folder in pkgutil.iter_modules([str(place)])]
    found = [
        importlib.import_module(f"toban.cli.{name}.arguments")
        for name in names
        if name != "kit" and (place / name / "arguments.py").is_file()
    ]
    return sorted(found, key=lambda module: (module.ORDER, module.__name__))
