"""
What a function's code can do, read from its source: which events it consumes, emits and sets
timers for, which documents it touches.

Followed are names: from ``main.py`` to whatever top-level definitions of toban's domains it
mentions, and on from there. So a helper that emits counts for every function that can call it.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import msgspec

from tests.house.tree import parsed
from toban.kernel.document import Document
from toban.topology.generate import ROOT
from toban.topology.schemas import bodies

BODIES = {body.__name__: body for body in bodies().values()}
OUTSIDE = ("toban.adapters", "toban.kernel", "toban.ports", "toban.events", "toban.topology")
"""Not followed: the kernel emits and writes what its callers hand it."""

READS = (
    "get", "get_many", "get_assuming_new", "read", "find", "count", "delete", "reference", "references"
)  # fmt: skip


@dataclass
class Reached:
    """What was found on the way."""

    consumes: set[str] = field(default_factory=set)
    emits: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    """Events of next steps: the kernel emits them, or sets timers for them if a step is waited for."""
    waits: bool = False
    """Whether a job's step may end with a `Continue` that waits."""
    documents: set[str] = field(default_factory=set)
    """Names of the document classes that are asked for or made."""
    mentions: set[str] = field(default_factory=set)
    """Topics of every event named at all: an HTTP function publishes what it makes of a request."""


@dataclass(frozen=True)
class Module:
    """A parsed module: its top-level definitions and where its imported names come from."""

    definitions: dict[str, ast.AST]
    imports: dict[str, tuple[str, str]]
    """Local name → (module, name there); an empty name means the module itself."""


def source_of(module: str) -> Path | None:
    base = ROOT / "shared" / Path(*module.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


@cache
def parse(path: Path) -> Module:
    tree = parsed(path)
    definitions: dict[str, ast.AST] = {}
    imports: dict[str, tuple[str, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            definitions.update({t.id: node for t in targets if isinstance(t, ast.Name)})
    for inner in ast.walk(tree):
        if isinstance(inner, ast.ImportFrom) and (inner.module or "").startswith("toban"):
            for alias in inner.names:
                whole = f"{inner.module}.{alias.name}"
                place = (whole, "") if source_of(whole) else (str(inner.module), alias.name)
                imports[alias.asname or alias.name] = place
    return Module(definitions, imports)


@cache
def reached_from(main: Path) -> Reached:
    """Everything in reach of a ``main.py``."""
    found = Reached()
    seen: set[tuple[Path, str]] = set()
    module = parse(main)
    waiting: list[tuple[Path, str]] = [(main, name) for name in module.definitions]
    while waiting:
        path, name = waiting.pop()
        if (path, name) in seen:
            continue
        seen.add((path, name))
        definition = parse(path).definitions.get(name)
        if definition is None:
            # Imported there, and passed on under the same name.
            waiting.extend(_origin(parse(path), name, ""))
            continue
        _note(definition, path, found)
        waiting.extend(_mentioned(definition, path))
    found.emits |= found.steps
    found.sets |= found.steps if found.waits else set()
    return found


def _mentioned(definition: ast.AST, path: Path) -> Iterator[tuple[Path, str]]:
    module = parse(path)
    for node in ast.walk(definition):
        if isinstance(node, ast.Name):
            if node.id in module.definitions:
                yield path, node.id
            else:
                yield from _origin(module, node.id, "")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield from _origin(module, node.value.id, node.attr)
        elif isinstance(node, ast.Call) and _name(node.func) in (
            "kinds",
            "named",
            "module_of_kind",
        ):
            yield from _walked(node, path)


def _walked(call: ast.Call, path: Path) -> Iterator[tuple[Path, str]]:
    """Everything in the folders of a package that `toban.kernel.kinds` finds by walking it."""
    words = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if not words:
        return
    sibling = _name(call.func) == "module_of_kind"
    folder = path.parent if sibling else ROOT / "shared" / Path(*words[0].split("."))
    for found in sorted(folder.glob(f"*/{words[0] if sibling else 'kind'}.py")):
        yield from ((found, name) for name in parse(found).definitions)


def _origin(module: Module, name: str, attribute: str) -> Iterator[tuple[Path, str]]:
    """Where an imported name is defined, if that is to be followed."""
    if name not in module.imports:
        return
    source, there = module.imports[name]
    if source.startswith(OUTSIDE) or source == "toban.entry":
        return
    path = source_of(source)
    if path is not None and (there or attribute):
        yield path, there or attribute


def _note(definition: ast.AST, path: Path, found: Reached) -> None:
    for node in ast.walk(definition):
        if isinstance(node, ast.Name) and node.id in BODIES:
            found.mentions.add(BODIES[node.id].TOPIC)
        if isinstance(node, ast.Dict) and node.keys:
            keys = [_name(key) for key in node.keys if key is not None]
            if all(key in BODIES for key in keys):
                found.consumes |= {BODIES[key].TOPIC for key in keys}
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if called == "on" and node.args and _name(node.args[0]) in BODIES:  # Handlers().on(…)
            found.consumes.add(BODIES[_name(node.args[0])].TOPIC)
        elif called == "emit":
            found.emits |= _topics(node.args[0], definition, path)
        elif called == "at" and len(node.args) == 2:
            found.sets |= _topics(node.args[1], definition, path)
        elif called in READS and node.args:
            found.documents.add(_name(node.args[0]))
        elif _name(node.func) == "Continue":
            found.waits = found.waits or bool(node.args or node.keywords)
        for keyword in node.keywords:
            if keyword.arg == "next_step":
                found.steps |= _topics_of_steps(keyword.value, definition)
        if _name(node.func) in DOCUMENTS:
            found.documents.add(_name(node.func))
        # Handed on, to be asked for or made there.
        found.documents |= {_name(argument) for argument in node.args} & DOCUMENTS.keys()


def _topics(argument: ast.expr, definition: ast.AST, path: Path) -> set[str]:
    """The topics of an emitted expression; ``?`` when its type cannot be told."""
    names = _types(argument, definition, path)
    return {BODIES[name].TOPIC for name in names} or {f"? {ast.unparse(argument)[:60]}"}


def _topics_of_steps(value: ast.expr, definition: ast.AST) -> set[str]:
    """The topics of a job's next steps: of ``following(Event)``, or of what a method returns."""
    names = {_name(node) for node in ast.walk(value)}
    for node in ast.walk(definition):
        if isinstance(node, ast.FunctionDef) and node.name in names:
            names |= _annotated(node.returns)
    return {BODIES[name].TOPIC for name in names & BODIES.keys()}


def _types(value: ast.expr, definition: ast.AST, path: Path) -> set[str]:
    """The event bodies that an expression may be, by constructors and annotations."""
    if isinstance(value, ast.Call):
        name = _name(value.func)
        if name in BODIES:
            return {name}
        if name == "replace":  # msgspec.structs.replace(body, …)
            return _types(value.args[0], definition, path)
        return _returned(name, path)
    if isinstance(value, ast.IfExp):
        return _types(value.body, definition, path) | _types(value.orelse, definition, path)
    if isinstance(value, ast.Attribute):  # a body inside a body
        holders = _types(value.value, definition, path)
        fields = [f for h in holders for f in msgspec.structs.fields(BODIES[h])]
        inside = {f.type for f in fields if f.name == value.attr}
        return {name for name, body in BODIES.items() if body in inside}
    if not isinstance(value, ast.Name):
        return set()
    found: set[str] = set()
    for node in ast.walk(definition):
        if isinstance(node, ast.arg) and node.arg == value.id:
            found |= _annotated(node.annotation)
        elif isinstance(node, ast.Assign) and value.id in map(_name, node.targets):
            found |= _types(node.value, definition, path)
    return found


def _returned(function: str, path: Path) -> set[str]:
    """The event bodies a function says it returns."""
    module = parse(path)
    places = [(path, function)] if function in module.definitions else []
    for where, name in [*places, *_origin(module, function, "")]:
        definition = parse(where).definitions.get(name)
        if isinstance(definition, ast.FunctionDef):
            return _annotated(definition.returns)
    return set()


def _annotated(annotation: ast.expr | None) -> set[str]:
    names = ast.walk(annotation) if annotation else ()
    return {node.id for node in names if isinstance(node, ast.Name) and node.id in BODIES}


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def document_classes() -> dict[str, type[Document]]:
    """Every document class that has a collection, by name (its module must be imported)."""

    def below(cls: type[Document]) -> Iterator[type[Document]]:
        for sub in cls.__subclasses__():
            yield sub
            yield from below(sub)

    return {cls.__name__: cls for cls in below(Document) if cls.COLLECTION}


def _import_domains() -> dict[str, type[Document]]:
    package = ROOT / "shared" / "toban"
    for path in sorted(package.glob("*/**/*.py")):
        inside = path.relative_to(package)
        if inside.parts[0] not in ("adapters", "kernel", "topology", "cli", "local", "web"):
            name = ".".join(("toban", *inside.with_suffix("").parts))
            importlib.import_module(name.removesuffix(".__init__"))
    return document_classes()


DOCUMENTS = _import_domains()


def collections(reached: Reached) -> set[str]:
    """The collections of the documents that were found."""
    return {DOCUMENTS[name].COLLECTION for name in reached.documents if name in DOCUMENTS}
