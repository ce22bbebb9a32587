"""What class an expression is of, as far as documents go: read from annotations and calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from tests.house.module import Module, Scope, text
from tests.house.tree import Tree

DOCUMENT = "toban.kernel.document.Document"
READS = frozenset(
    {"get", "get_assuming_new", "get_many", "find", "count", "reference", "references", "read"}
)
"""Methods that give documents of the class that they are given."""
COPIES = frozenset({"msgspec.structs.replace", "copy.copy", "copy.deepcopy", "copy.replace"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Records:
    """The document classes of a tree, and which of them an expression may be."""

    def __init__(self, tree: Tree) -> None:
        """Collect the classes."""
        self.tree = tree
        self.collections: dict[str, str] = {}
        """Document class → collection; empty for one that is only a base of others."""
        self._above: dict[str, list[str]] = {}
        """Document class → itself, and what it has above it."""
        for name, _, _ in tree.classes():
            above = [name, *tree.bases(name)]
            if DOCUMENT in above:
                self._above[name] = above
                self.collections[name] = next(filter(None, map(self._collection, above)), "")

    def _collection(self, name: str) -> str:
        node = self.tree.definition(f"{name}.COLLECTION")
        return text(node) if isinstance(node, ast.expr) else ""

    def below(self, base: str) -> list[str]:
        """The stored classes that have `base` above them, and `base` itself where it is stored."""
        return [
            name
            for name, collection in self.collections.items()
            if collection and base in self._above[name]
        ]

    def listed(self, node: ast.expr | None, module: Module, scope: Scope) -> set[str]:
        """The classes that an annotation (or a tuple of classes) names."""
        return set(self.tree.classes_in(node, module, scope))

    # --- what an expression may be -----------------------------------------------------------

    def of(
        self, node: ast.expr, module: Module, seen: frozenset[ast.AST] = frozenset()
    ) -> set[str]:
        """
        The classes of this tree that `node` may be an instance of, or a container of.

        A key counts as what it is the key of.
        """
        if node in seen:
            return set()
        seen |= {node}
        if isinstance(node, ast.Name):
            return self._variable(node, module, seen)
        if isinstance(node, ast.Call):
            return self._outcome(node, module, seen)
        if isinstance(node, ast.Attribute):
            return self._field(node, module, seen)
        if isinstance(node, ast.BoolOp):
            inner = list(node.values)
        elif isinstance(node, ast.IfExp):
            inner = [node.body, node.orelse]
        elif isinstance(node, ast.Subscript | ast.NamedExpr | ast.Starred | ast.Await):
            inner = [node.value]
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            inner = list(node.elts)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            inner = [node.elt]
        elif isinstance(node, ast.Dict):
            inner = list(node.values)
        elif isinstance(node, ast.DictComp):
            inner = [node.value]
        else:
            inner = []
        return set().union(*(self.of(i, module, seen) for i in inner))

    def _variable(self, node: ast.Name, module: Module, seen: frozenset[ast.AST]) -> set[str]:
        around = enclosing(module).get(node, [])
        for holder in around:
            found = [b for b in bindings(holder) if b[0] == node.id]
            if not found:
                continue
            classes: set[str] = set()
            for _, annotation, value in found:
                if annotation is not None:
                    classes |= self.listed(annotation, module, module.scope_of(holder))
                if value is not None:
                    classes |= self.of(value, module, seen)
            return classes
        if node.id in ("self", "cls"):
            return {n for n in (self._around(node, module),) if n}
        return set()

    def _around(self, node: ast.AST, module: Module) -> str:
        """The class in which `node` stands."""
        names = [h.name for h in enclosing(module).get(node, []) if isinstance(h, ast.ClassDef)]
        return ".".join([module.name, *reversed(names)]) if names else ""

    def _field(self, node: ast.Attribute, module: Module, seen: frozenset[ast.AST]) -> set[str]:
        found: set[str] = set()
        for holder in self.of(node.value, module, seen):
            for name in (holder, *self.tree.bases(holder)):
                found |= self._member(name, node.attr, seen)
        return found

    def _member(self, holder: str, name: str, seen: frozenset[ast.AST]) -> set[str]:
        cls, module = self.tree.definition(holder), self.tree.module_of(holder)
        if not isinstance(cls, ast.ClassDef) or module is None:
            return set()
        for statement in cls.body:
            if isinstance(statement, ast.AnnAssign) and getattr(statement.target, "id", "") == name:
                return self.listed(statement.annotation, module, module.scope_of(statement))
            if isinstance(statement, Function) and statement.name == name:
                return self.listed(statement.returns, module, module.scope_of(statement))
        values = [  # self.name = …
            inner
            for inner in ast.walk(cls)
            if isinstance(inner, ast.Assign | ast.AnnAssign)
            for target in (inner.targets if isinstance(inner, ast.Assign) else [inner.target])
            if isinstance(target, ast.Attribute)
            and target.attr == name
            and getattr(target.value, "id", "") == "self"
        ]
        found: set[str] = set()
        for value in values:
            if isinstance(value, ast.AnnAssign):
                found |= self.listed(value.annotation, module, module.scope_of(value))
            else:
                found |= self.of(value.value, module, seen)
        return found

    def _outcome(self, node: ast.Call, module: Module, seen: frozenset[ast.AST]) -> set[str]:
        called = self.tree.called(node, module)
        found: set[str] = set()
        if called & COPIES and node.args:
            found |= self.of(node.args[0], module, seen)
        if "typing.cast" in called and len(node.args) > 1:  # says so; is what it was, too
            found |= self.listed(node.args[0], module, module.scope_of(node))
            found |= self.of(node.args[1], module, seen)
        for name in called:
            definition, home = self.tree.definition(name), self.tree.module_of(name)
            if isinstance(definition, ast.ClassDef):
                found.add(name)
            elif isinstance(definition, Function) and home is not None:
                found |= self._returned(definition, home, node, module)
        if isinstance(node.func, ast.Attribute):
            found |= self._method(node.func, node, module, seen)
        return found

    def _returned(
        self, definition: Function, home: Module, call: ast.Call, module: Module
    ) -> set[str]:
        """What a function says it returns; a type variable is what class the call was given."""
        returned = self.listed(definition.returns, home, home.scope_of(definition))
        given = {
            name
            for argument in (*call.args, *(k.value for k in call.keywords))
            for name in self.listed(argument, module, module.scope_of(call))
            if isinstance(argument, ast.Name | ast.Attribute) and name in self.collections
        }
        below = {name for name in given for base in returned if base in self.tree.bases(name)}
        return below or returned

    def _method(
        self, func: ast.Attribute, call: ast.Call, module: Module, seen: frozenset[ast.AST]
    ) -> set[str]:
        if func.attr in READS and call.args:
            read = (
                self.listed(call.args[0], module, module.scope_of(call)) & self.collections.keys()
            )
            if not read and isinstance(call.args[0], ast.Name):  # cls: type[J]
                read = self._variable(call.args[0], module, seen) & self.collections.keys()
            if read:
                return read
        if func.attr == "key":
            return self.listed(
                func.value, module, module.scope_of(call)
            ) & self.collections.keys() or (self.of(func.value, module, seen))
        if func.attr in ("get", "values", "items", "pop", "popitem", "setdefault", "copy"):
            held = self.of(func.value, module, seen)
            if held:
                return held
        return self._field(func, module, seen)


@cache
def enclosing(module: Module) -> dict[ast.AST, list[ast.AST]]:
    """For every node the functions, lambdas and classes around it, nearest first, then the module."""
    found: dict[ast.AST, list[ast.AST]] = {}

    def visit(node: ast.AST, around: list[ast.AST]) -> None:
        found[node] = around
        inner = around
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            inner = [node, *around]
        for child in ast.iter_child_nodes(node):
            visit(child, inner)

    visit(module.ast, [module.ast])
    return found


Binding = tuple[str, ast.expr | None, ast.expr | None]
"""A name, what it is annotated with, or the value (or what it is an element of)."""


@cache
def bindings(holder: ast.AST) -> list[Binding]:
    """Where a function (or module) gives names a value; those of functions inside are not its own."""
    if isinstance(holder, ast.ClassDef):
        return []
    found: list[Binding] = []
    if isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        a = holder.args
        given = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
        found += [
            (arg.arg, arg.annotation, None) for arg in given if arg.arg not in ("self", "cls")
        ]
    for node in _own(holder):
        found += _bound(node)
    return found


def _own(holder: ast.AST) -> Iterator[ast.AST]:
    waiting = list(ast.iter_child_nodes(holder))
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _bound(node: ast.AST) -> Iterator[Binding]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _targets(target, node.value)
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.annotation, node.value
    elif isinstance(node, ast.NamedExpr):
        yield node.target.id, None, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield from _targets(node.target, node.iter)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield from _targets(node.optional_vars, node.context_expr)
    elif isinstance(node, ast.Match):
        for case in node.cases:
            for pattern in ast.walk(case.pattern):
                if isinstance(pattern, ast.MatchAs) and pattern.name:
                    yield pattern.name, None, node.subject


def _targets(target: ast.expr, value: ast.expr) -> Iterator[Binding]:
    if isinstance(target, ast.Name):
        yield target.id, None, value
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value, value)
    elif isinstance(target, ast.Tuple | ast.List):
        paired = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        values = value.elts if paired else [value] * len(target.elts)  # type: ignore[attr-defined]
        for element, one in zip(target.elts, values, strict=True):
            yield from _targets(element, one)
