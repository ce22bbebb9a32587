"""
What a ``texts.py`` may not be: the rules of `toban.texts`, looked up in the sources.

Each finding names the file to edit. A key counts as used where it is written out, or where an
f-string makes it of words that are written somewhere in the code.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

from tests.house.module import Module, text
from tests.house.tree import SHARED, Tree, this

LANGUAGES = ("ja", "en")
_SAYS = frozenset({"both", "say", "text", "unit", "scene", "fact", "heading"})
"""Called with a key, with or without a language before it."""
_BUILDER = {"say": 0, "add": 2, "group": 2}
"""Methods of the command line's argument builder, and where their key is."""
Parts = tuple[str | None, ...]


@dataclass
class Sources:
    """The texts of a tree, and where they are used."""

    tree: Tree
    faults: list[str] = field(default_factory=list)

    @cached_property
    def modules(self) -> dict[str, Module]:
        return {
            path: module
            for path, module in sorted(self.tree.by_path.items())
            if path.startswith(f"{SHARED}/")
        }

    @cached_property
    def strings(self) -> dict[str, Strings]:
        """Those of every file without ``TEXTS``."""
        return {
            path: _strings(module)
            for path, module in self.modules.items()
            if path not in self.tables
        }

    @cached_property
    def tables(self) -> dict[str, dict[str, dict[str, str]]]:
        """``TEXTS`` by file; what is wrong with one by itself goes to `faults`."""
        found = {}
        for path, module in self.modules.items():
            table = module.statements.get("TEXTS") if path.endswith("/texts.py") else None
            value = getattr(table, "value", None)
            if isinstance(value, ast.Dict):
                found[path] = dict(self._entries(path, value))
            elif value is not None:
                self.faults.append(f"{path}: TEXTS has to be written out, key and texts")
        return found

    def _entries(self, path: str, table: ast.Dict) -> Iterator[tuple[str, dict[str, str]]]:
        known: set[str] = set()
        for key_node, value in zip(table.keys, table.values, strict=True):
            try:
                key = ast.literal_eval(key_node or value)
                texts = ast.literal_eval(value)
                known_fields = {language: fields(text) for language, text in texts.items()}
            except (ValueError, AttributeError) as error:
                shown = ast.unparse(key_node or value)[:60]
                self.faults.append(f"{path}: {shown} has to be written out, key and texts: {error}")
                continue
            if key in known:
                self.faults.append(f"{path}: {key} is defined twice")
            known.add(key)
            if set(texts) != set(LANGUAGES):
                missing = sorted(set(LANGUAGES) - set(texts))
                self.faults.append(f"{path}: {key} is missing in {', '.join(missing)}")
            elif known_fields["ja"] != known_fields["en"]:
                self.faults.append(f"{path}: the placeholders of {key} differ")
            elif not all(texts.values()):
                self.faults.append(f"{path}: {key} says nothing")
            elif odd := sorted(name for name in known_fields["en"] if not name.isidentifier()):
                self.faults.append(f"{path}: {key}: {{{odd[0]}}} is no plain name of a value")
            yield key, texts

    @cached_property
    def keys(self) -> dict[str, str]:
        """The file of each key."""
        found: dict[str, str] = {}
        for path, table in self.tables.items():
            for key in table:
                if key in found:
                    self.faults.append(f"{path}: {key} is defined in {found[key]} too")
                found.setdefault(key, path)
        return found

    @cached_property
    def uses(self) -> list[Use]:
        return [use for strings in self.strings.values() for use in strings.uses]

    @cached_property
    def words(self) -> set[str]:
        """Every string and every name of a function, class or field that is written in the code."""
        return set().union(*(strings.words for strings in self.strings.values()))

    def fits(self, text: str, parts: Parts, path: str, depth: int = 0) -> bool:
        """Whether an f-string makes this text, of words or of what other f-strings of its file make."""
        if not parts:
            return not text
        first, rest = parts[0], parts[1:]
        if first is not None:
            return text.startswith(first) and self.fits(text[len(first) :], rest, path, depth)
        return any(
            self.fits(text[end:], rest, path, depth) and self._is_made(text[:end], path, depth)
            for end in range(len(text) + 1)
        )

    def _is_made(self, word: str, path: str, depth: int) -> bool:
        if word in self.words:
            return True
        return depth < 2 and any(
            self.fits(word, parts, path, depth + 1) for parts in self.strings[path].made
        )

    def unused(self) -> Iterator[str]:
        exact = {use.parts[0] for use in self.uses if len(use.parts) == 1}
        patterns = {(use.parts, use.path) for use in self.uses if len(use.parts) > 1}
        for key, path in self.keys.items():
            if key not in exact and not any(self.fits(key, *pattern) for pattern in patterns):
                yield f"{path}: nobody uses {key}"

    def undefined(self) -> Iterator[str]:
        for use in self.uses:
            if use.is_said and not self._is_key(use):
                name = "".join(part or "…" for part in use.parts)
                yield f"{use.path}:{use.line}: no texts.py defines {name}"

    def lacking(self) -> Iterator[str]:
        """Calls that leave out a value which the text names: a `KeyError` when it is said."""
        named = {
            key: set().union(*map(fields, texts.values()))
            for table in self.tables.values()
            for key, texts in table.items()
        }
        for path, module in self.modules.items():
            for call in module.calls:
                given = {keyword.arg for keyword in call.keywords}
                function = call.func
                name = getattr(function, "attr", getattr(function, "id", ""))
                receiver = getattr(getattr(function, "value", None), "id", "")
                if name in ("both", "say", "text") and receiver != "builder" and None not in given:
                    for key in filter(named.__contains__, map(text, call.args[:2])):
                        for lacks in sorted(named[key] - given):
                            yield f"{path}:{call.lineno}: {key} names {lacks}, which is not given"

    def _is_key(self, use: Use) -> bool:
        if len(use.parts) == 1:
            return use.parts[0] in self.keys
        pattern = "".join(".*" if part is None else re.escape(part) for part in use.parts)
        return any(re.fullmatch(pattern, key) for key in self.keys)


@dataclass(frozen=True)
class Use:
    """A string that is a key, or makes some."""

    path: str
    line: int
    parts: Parts
    is_said: bool
    """It must be a key."""


@dataclass(frozen=True)
class Strings:
    """What one file says."""

    uses: list[Use]
    words: set[str]
    """Every string and every name of a function, class or field that is written in it."""
    made: list[Parts]
    """Every f-string."""


@cache
def _strings(module: Module) -> Strings:
    nodes = [*ast.walk(module.ast)]
    words = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    named = (ast.FunctionDef, ast.ClassDef)
    functions = {node.name for node in nodes if isinstance(node, named)}
    fields = {n.target.id for n in nodes if _is_field(n)}
    made = [p for n in nodes if isinstance(n, ast.JoinedStr) and any(p := _parts(n))]
    return Strings([*_Reading(module.path, nodes).uses()], words | functions | fields, made)


def _is_field(node: ast.AST) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)


def violations(tree: Tree) -> list[str]:
    """Keys defined twice, in one language, with other placeholders, for nobody, or not at all."""
    sources = Sources(tree)
    undefined, unused = [*sources.undefined()], [*sources.unused()]
    return [*dict.fromkeys([*sources.faults, *undefined, *unused, *sources.lacking()])]


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def _parts(node: ast.expr) -> Parts:
    """A string in its parts; None: what is not known."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    if isinstance(node, ast.JoinedStr):
        return tuple(
            str(part.value) if isinstance(part, ast.Constant) else None for part in node.values
        )
    return ()


class _Reading:
    """One module: the strings in it that are keys, or may be."""

    def __init__(self, path: str, nodes: list[ast.AST]) -> None:
        self.path = path
        self.nodes = nodes
        imported = {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}
        self.speaks = any(re.search(r"\.texts$|^toban\.cli\b", name) for name in imported)
        self.prefixes = dict(self._own())

    def _own(self) -> Iterator[tuple[str, str]]:
        """Methods that put something before their key, and what."""
        for node in self.nodes:
            if not isinstance(node, ast.FunctionDef) or node.name not in _SAYS:
                continue
            names = {argument.arg for argument in node.args.args}
            for string_ in (n for n in ast.walk(node) if isinstance(n, ast.JoinedStr)):
                match string_.values:
                    case [
                        ast.Constant(value=str(prefix)),
                        ast.FormattedValue(value=ast.Name(id=id)),
                    ]:
                        if id in names:
                            yield node.name, prefix

    def uses(self) -> Iterator[Use]:
        helps = self.path.endswith("arguments.py")
        for node in self.nodes:
            if isinstance(node, ast.Call) and self.speaks:
                yield from self._said(node)
            if isinstance(node, (ast.Constant, ast.JoinedStr)):
                yield from self._use(node)
                if helps:
                    yield from self._use(node, prefix="help.")

    def _said(self, call: ast.Call) -> Iterator[Use]:
        """The keys with which a text is asked for."""
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        receiver = getattr(getattr(function, "value", None), "id", "")
        if receiver == "builder" and name in _BUILDER:
            said, prefix = call.args[_BUILDER[name] :][:1], "help."
        elif name == "titles":
            said, prefix = call.args, "column."
        elif name in _SAYS:
            said, prefix = call.args[:2], self.prefixes.get(name, "") if receiver == "self" else ""
        else:
            return
        for argument in said:
            for node in _branches(argument):
                if getattr(node, "value", "") not in LANGUAGES:
                    yield from self._use(node, prefix, is_said=True)

    def _use(self, node: ast.expr, prefix: str = "", *, is_said: bool = False) -> Iterator[Use]:
        parts = _parts(node)
        if parts and parts[0] is not None:
            yield Use(self.path, node.lineno, (prefix + parts[0], *parts[1:]), is_said)


def _branches(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.IfExp):
        yield from _branches(node.body)
        yield from _branches(node.orelse)
    else:
        yield node


def catalogue(tables: Iterable[Mapping[str, Mapping[str, str]]], language: str) -> dict[str, str]:
    return {key: texts[language] for table in tables for key, texts in table.items()}


_SAID = [table for path, table in Sources(this()).tables.items() if "/cli/" not in path]
CATALOGUES = {language: catalogue(_SAID, language) for language in LANGUAGES}
"""What functions say, by language (the command line has its own, `toban.cli.kit.catalogue`)."""
