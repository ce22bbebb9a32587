"""
What a function's code imports: the files of ours that it reaches, and what each of them names.

Followed are import statements from ``functions/NAME/main.py`` on, also those inside of functions (imported
on first use); not those for the type checker. What is imported by a computed name is known from where
it is said: kinds by their folders (`toban.kernel.kinds`), ports by the table of `toban.entry`, the
adapters of the platform by what the map lets the function do (`BY_MAP`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from toban.kernel.binding import BoundHandlers
from toban.kernel.kinds import kinds, module_of_kind, named
from toban.topology.bundling.lock import CannotBundleError
from toban.topology.types import Function

ENTRY: Final = "toban.entry"

BY_MAP: Final[Mapping[str, Callable[[Function], bool]]] = {
    "toban.adapters.google.pubsub.": lambda function: function.publishes,
    "toban.adapters.google.firestore.": lambda function: function.store != "none",
    "toban.adapters.google.storage.": lambda function: function.blobs or function.buckets,
}
"""Which adapters the entry imports for a function, of those that it imports on first use."""

BY_NAME: Final = frozenset({ENTRY, kinds.__module__, BoundHandlers.__module__})
"""The modules that import by a computed name; which it may be is known from their callers."""


@dataclass(frozen=True)
class Import:
    """A module that a file names, and where."""

    module: str
    """Dotted; may be a name in a module."""
    line: int
    deferred: bool
    """Whether it is imported on first use, inside of a function."""


@dataclass(frozen=True)
class Imported:
    """What one of our files imports."""

    module: str
    """Its own name, dotted."""
    imports: tuple[Import, ...]
    walked: tuple[tuple[str, str], ...]
    """Package and module for each walk over kinds: ``("toban.sources", "kind")``."""
    ports: tuple[str, ...]
    """The names that `toban.kernel.binding.BoundHandlers` is given, dotted."""
    computed: tuple[int, ...]
    """Lines that import, or walk over kinds, by a computed name."""


def modules(root: Path, name: str, function: Function) -> list[Path]:
    """
    Return every file of ours that the function may import, ``main.py`` first.

    Raises `CannotBundleError` where that cannot be told.
    """
    main = root / "functions" / name / "main.py"
    found: dict[Path, None] = {}
    waiting = [main, *_bound(root, main)]
    while waiting:
        path = waiting.pop(0)
        if path in found:
            continue
        found[path] = None
        source = imported(path)
        if source.computed and source.module not in BY_NAME:
            raise CannotBundleError(
                f"{path.relative_to(root)}:{source.computed[0]}: the function {name} reaches an import by "
                "a computed name: say the name, or keep it in a folder of a kind (toban.kernel.kinds)"
            )
        for each in source.imports:
            if each.module.startswith("toban") and _follows(root, path, each, function):
                waiting += _files(root, each.module)
        for package, module in source.walked:
            folder = root / "shared" / Path(*package.split("."))
            waiting += sorted(folder.glob(f"*/{module}.py"))
    return list(found)


def _follows(root: Path, path: Path, each: Import, function: Function) -> bool:
    """Whether the function comes to an import; only the entry's depend on the map."""
    if not each.deferred or path != root / "shared" / "toban" / "entry.py":
        return True
    return all(holds(function) for start, holds in BY_MAP.items() if each.module.startswith(start))


def _bound(root: Path, main: Path) -> Iterator[Path]:
    """The modules that make the ports which the handlers in a ``main.py`` ask for."""
    for each in imported(main).imports:
        for path in _files(root, each.module):
            for dotted in imported(path).ports:
                module = _makers(root).get(_port(root, dotted))
                if module is None:
                    raise CannotBundleError(
                        f"{path.relative_to(root)}: {dotted} is no port that shared/toban/entry.py "
                        "(MODULES) knows to make"
                    )
                yield from _files(root, module)


@cache
def _port(root: Path, dotted: str) -> str:
    """The name of the port that a constant holds: ``RESOURCES: Port[Resources] = Port("resources")``."""
    for node in _assigned(root, dotted):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            return str(node.args[0].value)
    return ""


@cache
def _makers(root: Path) -> dict[str, str]:
    """Where each port is made, as the entry says it."""
    for node in _assigned(root, f"{ENTRY}.MODULES"):
        return dict(ast.literal_eval(node))
    return {}


def _assigned(root: Path, dotted: str) -> Iterator[ast.expr]:
    """What the last part of a dotted name is set to in the module of the rest."""
    module, _, name = dotted.rpartition(".")
    for path in _files(root, module)[-1:]:
        for node in _tree(path).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", 0)]
            value = getattr(node, "value", None)
            if value is not None and any(isinstance(t, ast.Name) and t.id == name for t in targets):
                yield value


@cache
def _files(root: Path, dotted: str) -> tuple[Path, ...]:
    """The files that importing a name runs: its packages, then its module, if it is one of ours."""
    found: list[Path] = []
    place = root / "shared"
    for name in dotted.split("."):
        place /= name
        here = [p for p in (place / "__init__.py", place.with_suffix(".py")) if p.is_file()]
        found += here[:1]
        if not place.is_dir():
            break
    return tuple(found)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported(path: Path) -> Imported:
    """Return what a file names; read once."""
    reading = _Reading(path)
    reading.visit(_tree(path))
    return Imported(
        f"{reading.package}.{path.stem}",
        tuple(reading.imports),
        tuple(reading.walked),
        tuple(reading.ports),
        tuple(reading.computed),
    )


def _name(of: Callable[..., object]) -> str:
    """Under which dotted name a class or function is imported."""
    return f"{of.__module__}.{of.__qualname__}"


_PORTS: Final = _name(BoundHandlers)
_BESIDE: Final = _name(module_of_kind)
_WALKS: Final = frozenset({_name(kinds), _name(named)})
_BY_TEXT: Final = frozenset({_BESIDE, *_WALKS, "importlib.import_module", "__import__"})
"""What imports by a name that is given as a text."""


class _Reading(ast.NodeVisitor):
    """One pass over a file."""

    def __init__(self, path: Path) -> None:
        self.package = ".".join(_packages(path.parent))
        self.deferred = False
        self.names: dict[str, str] = {}
        """Local name → what was imported under it, dotted."""
        self.imports: list[Import] = []
        self.walked: list[tuple[str, str]] = []
        self.ports: list[str] = []
        self.computed: list[int] = []

    def visit_If(self, node: ast.If) -> None:
        if self._dotted(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for child in node.orelse:
                self.visit(child)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.names[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )
            self.imports.append(Import(alias.name, node.lineno, self.deferred))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            dotted = f"{node.module}.{alias.name}"
            self.names[alias.asname or alias.name] = dotted
            self.imports.append(Import(dotted, node.lineno, self.deferred))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        before, self.deferred = self.deferred, True
        self.generic_visit(node)
        self.deferred = before

    def visit_Call(self, node: ast.Call) -> None:
        called = self._dotted(node.func)
        texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
        first = texts[0] if texts and isinstance(texts[0], str) else ""
        if called == _PORTS:
            given = node.args[0] if node.args else None
            self.ports += map(self._dotted, given.elts if isinstance(given, ast.Tuple) else ())
        elif called not in _BY_TEXT:
            pass
        elif not first:
            self.computed.append(node.lineno)
        elif called == _BESIDE:
            self.walked.append((self.package, first))
        elif called in _WALKS:
            self.walked.append((first, "kind"))
        else:
            self.imports.append(Import(first, node.lineno, self.deferred))
        self.generic_visit(node)

    def _dotted(self, node: ast.expr) -> str:
        if isinstance(node, ast.Attribute):
            return f"{self._dotted(node.value)}.{node.attr}"
        return self.names.get(node.id, node.id) if isinstance(node, ast.Name) else ""


def _packages(folder: Path) -> list[str]:
    """The names of the packages that a folder is, from the outermost on."""
    inside = (folder / "__init__.py").is_file()
    return [*_packages(folder.parent), folder.name] if inside else []
