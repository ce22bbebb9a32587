"""
The tree as the guards see it: its modules, and what a name stands for across them.

Nothing is imported, so a guard reads a scratch tree as it reads this one. A name is followed
through aliases (``import a as b``, ``clock = datetime.now``), through whatever passes it on (a
package's ``__init__``), and through ``importlib`` where the module is given as text.
"""

from __future__ import annotations

import ast
import gc
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from tests.house.module import Mention, Module, Scope, defined
from toban.topology.generate import ROOT

T = TypeVar("T")

SHARED = "shared"
FUNCTIONS = "functions"
MAP = "events/topology.yaml"
WAYS_IN = "tests/security/ways.py"
ARCHITECTURE = "ARCHITECTURE.md"
TEXTS = (MAP, WAYS_IN, ARCHITECTURE)
SIMULATION = "tests/simulation"
STORIES = f"{SIMULATION}/stories"


class Tree:
    """All modules of a tree, by name."""

    def __init__(self, modules: Mapping[str, Module], texts: Mapping[str, str]) -> None:
        """See `read` and `scratch`."""
        self.modules = dict(modules)
        self.texts = dict(texts)
        """Other files that guards read, by path."""
        self.by_path = {module.path: module for module in self.modules.values()}
        self._final: dict[str, frozenset[str]] = {}
        self._known: dict[object, Any] = {}
        self._reached: dict[object, Any] = {}

    def having(self, files: Mapping[str, str]) -> Tree:
        """This tree with some files added or replaced (path → source)."""
        sources = {
            path: text
            for path, text in files.items()
            if path.startswith((f"{SHARED}/", f"{FUNCTIONS}/")) and path.endswith(".py")
        }
        new = {m.name: m for m in map(module, sources, sources.values())}
        others = {path: text for path, text in files.items() if path not in sources}
        tree = Tree(self.modules | new, self.texts | others)
        if not new.keys() & self.modules.keys():
            # What was found so far holds, unless it leads to where there was nothing.
            places = tuple(f"{name}." for name in new)
            tree._final = {k: v for k, v in self._final.items() if not k.startswith(places)}
            tree._known = dict(self._known)
            if all(map(self._leads_nowhere_near, new.values())):
                tree._reached = dict(self._reached)
        return tree

    def _leads_nowhere_near(self, new: Module) -> bool:
        """Whether no code of this tree could come to a module that is new: by a name, or by walking."""
        room = f"toban.{new.room}"

        def apart() -> bool:
            modules = self.modules.values()
            return not any(m.room == new.room or room in m.source for m in modules)

        return new.path.startswith(f"{FUNCTIONS}/") or self.once(("apart", new.room), apart)

    def once(self, key: object, found: Callable[[], T], *, reached: bool = False) -> T:
        """
        What `found` gives, remembered: it follows from the modules that there are by now.

        `reached`: it also follows from what they lead to, so a module that they could come to may
        change it.
        """
        memory = self._reached if reached else self._known
        if key not in memory:
            memory[key] = found()
        known: T = memory[key]
        return known

    def room(self, name: str) -> list[Module]:
        """The modules of one package right below ``toban`` (or the module of that name)."""
        return [m for m in self.modules.values() if m.room == name]

    def rooms(self) -> list[str]:
        """Every package and module right below ``toban``, sorted."""
        return sorted({m.room for m in self.modules.values()} - {""})

    def path_of(self, dotted: str) -> str:
        """The path of the module in which a dotted name is defined (or of that module)."""
        return self.modules[self._split(dotted)[0]].path

    def holds(self, dotted: str) -> bool:
        """Whether the name leads into this tree."""
        return bool(self._split(dotted)[0])

    def module_of(self, dotted: str) -> Module | None:
        """The module that a name leads into, None outside of this tree."""
        return self.modules.get(self._split(dotted)[0])

    def _split(self, dotted: str) -> tuple[str, list[str]]:
        parts = dotted.split(".")
        for end in range(len(parts), 0, -1):
            if (name := ".".join(parts[:end])) in self.modules:
                return name, parts[end:]
        return "", parts

    def final(self, dotted: str) -> frozenset[str]:
        """The names that a dotted name stands for in the end, whoever passes it on."""
        known = self._final.get(dotted)
        if known is None:
            self._final[dotted] = frozenset({dotted})  # what leads to itself stays what it is
            known = self._final[dotted] = frozenset(self._followed(dotted))
        return known

    def _followed(self, dotted: str) -> Iterator[str]:
        where, rest = self._split(dotted)
        if not where or not rest:
            yield dotted
            return
        module, (name, *more) = self.modules[where], rest
        if not module.scope.binds(name) or name in module.scope.defined:
            yield dotted
            return
        found = module.named(name, module.scope) - {dotted}
        if not found:
            yield dotted
        for target in found:
            yield from self.final(".".join([target, *more]))

    def meant(self, mention: Mention) -> frozenset[str]:
        """Whatever a mention stands for in the end."""
        return frozenset().union(*(self.final(name) for name in mention.names))

    def called(self, node: ast.Call, module: Module) -> set[str]:
        """The final names of what a call calls."""
        func = node.func.value if isinstance(node.func, ast.Subscript) else node.func  # Job[…](…)
        names = module.resolve(func, module.scope_of(node))
        return {final for name in names for final in self.final(name)}

    def definition(self, dotted: str) -> ast.AST | None:
        """The class or function of that (final) name, or the statement's value; None outside."""
        where, rest = self._split(dotted)
        if not where or not rest:
            return None
        found: ast.AST | None = self.modules[where].statements.get(rest[0])
        for name in rest[1:]:
            body = found.body if isinstance(found, ast.ClassDef) else []
            found = next((n for n in body if name in defined(n)), None)
        return found.value if isinstance(found, ast.Assign | ast.AnnAssign) else found

    def has_member(self, cls: str, name: str) -> bool:
        """Whether a class, or one above it, has a field or method of that name."""
        nodes = map(self.definition, (cls, *self.bases(cls)))
        return any(
            isinstance(node, ast.ClassDef) and any(name in defined(s) for s in node.body)
            for node in nodes
        )

    def bases(self, dotted: str) -> list[str]:
        """The final names of all classes that a class has above it, nearest first."""
        found: list[str] = []
        waiting = [dotted]
        while waiting:
            name = waiting.pop(0)
            node, module = self.definition(name), self.module_of(name)
            if not isinstance(node, ast.ClassDef) or module is None:
                continue
            for base in node.bases:
                inner = base.value if isinstance(base, ast.Subscript) else base
                for given in sorted(module.resolve(inner, module.scope)):
                    for final in sorted(self.final(given)):
                        if final not in found:
                            found.append(final)
                            waiting.append(final)
        return found

    def classes_in(
        self,
        node: ast.expr | None,
        module: Module,
        scope: Scope,
        seen: frozenset[int] = frozenset(),
    ) -> Iterator[str]:
        """
        The final names in an expression that lists classes: a tuple, a union, an annotation.

        Names that stand for such an expression are followed.
        """
        if node is None or id(node) in seen:
            return
        seen |= {id(node)}
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                inner = ast.parse(node.value, mode="eval").body
            except SyntaxError:
                return
            yield from self.classes_in(inner, module, scope, seen)
        elif isinstance(node, ast.Name | ast.Attribute):
            yield from self._named_in(node, module, scope, seen)
        elif isinstance(node, ast.Call):  # a type variable stands for its bound
            for keyword in node.keywords:
                if keyword.arg == "bound":
                    yield from self.classes_in(keyword.value, module, scope, seen)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield from self.classes_in(child, module, scope, seen)

    def _named_in(
        self, node: ast.Name | ast.Attribute, module: Module, scope: Scope, seen: frozenset[int]
    ) -> Iterator[str]:
        finals = {final for name in module.resolve(node, scope) for final in self.final(name)}
        for final in sorted(finals):
            value, other = self.definition(final), self.module_of(final)
            if isinstance(value, ast.expr) and other is not None:
                yield from self.classes_in(value, other, other.scope, seen)
            else:
                yield final
        if not finals and isinstance(node, ast.Name):
            at: Scope | None = scope
            while at is not None and not at.binds(node.id):
                at = at.parent
            for bound, where in at.values.get(node.id, ()) if at else ():
                yield from self.classes_in(bound, module, where, seen)

    def classes(self) -> Iterator[tuple[str, ast.ClassDef, Module]]:
        """Every class at the top level of a module, by its dotted name."""
        for module in self.modules.values():
            for name, node in module.statements.items():
                if isinstance(node, ast.ClassDef):
                    yield f"{module.name}.{name}", node, module


def module(path: str, source: str) -> Module:
    """The module at a path, as ``shared/toban/x.py`` or ``functions/NAME/main.py``."""
    parts = Path(path).with_suffix("").parts
    parts = parts[1:] if parts[0] == SHARED else parts
    return Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path, source)


def is_story(path: str) -> bool:
    """Whether a file holds a story: a long one, or one of the folder of small ones."""
    folder, _, name = path.rpartition("/")
    if folder == STORIES:
        return name != "__init__.py"
    return folder == SIMULATION and name.endswith("story.py")


def scratch(files: Mapping[str, str]) -> Tree:
    """A tree of nothing but these files (path → source)."""
    return Tree({}, {}).having(files)


def read(root: Path) -> Tree:
    """The tree at `root`: everything in ``shared`` and ``functions``, the map, the pages, the stories."""
    paths = [*sorted((root / SHARED).rglob("*.py")), *sorted((root / FUNCTIONS).rglob("*.py"))]
    paths += [root / name for name in TEXTS if (root / name).exists()]
    found = (root / SIMULATION).rglob("*.py")
    paths += sorted(path for path in found if is_story(str(path.relative_to(root))))
    return scratch({str(p.relative_to(root)): p.read_text(encoding="utf-8") for p in paths})


def parsed(path: Path) -> ast.Module:
    """A file of this tree, parsed once for all; any other file parsed."""
    known = this().by_path.get(str(path.relative_to(ROOT))) if path.is_relative_to(ROOT) else None
    return known.ast if known else ast.parse(path.read_text(encoding="utf-8"))


@cache
def this() -> Tree:
    """The tree that this file belongs to, read once."""
    gc.collect()
    gc.disable()
    try:
        tree = read(ROOT)
        for each in tree.modules.values():
            _ = each.scope
        gc.freeze()  # three million objects that stay: not to be looked at again by every collection
    finally:
        gc.enable()
    return tree
