"""One module as the guards see it: what it imports, and what every name in it stands for."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property


@dataclass
class Scope:
    """What names mean inside a module, class or function: the places where they are bound."""

    parent: Scope | None
    is_class: bool = False
    imports: dict[str, list[str]] = field(default_factory=dict)
    """Local name → what was imported under it, as a dotted name."""
    values: dict[str, list[tuple[ast.expr, Scope]]] = field(default_factory=dict)
    defined: dict[str, str] = field(default_factory=dict)
    """Local name → the dotted name of the class or function of that name."""
    opaque: set[str] = field(default_factory=set)
    """Parameters, loop variables: bound to what cannot be told from here."""

    def binds(self, name: str) -> bool:
        """Whether this very scope gives `name` a meaning."""
        return any(name in kind for kind in (self.imports, self.values, self.defined, self.opaque))


@dataclass(frozen=True)
class Import:
    """An import statement's one name: what it names, from where, in which line."""

    target: str
    """Dotted: a module, or a name in one."""
    line: int
    whole: bool = False
    """``import x``: what is used of it is among the mentions."""


@dataclass(frozen=True)
class Mention:
    """A name or attribute as it stands in the code, and what it may stand for."""

    node: ast.expr
    names: frozenset[str]
    """Dotted; as written in this module, before whatever passes it on was asked."""

    @property
    def line(self) -> int:
        """Where it stands."""
        return self.node.lineno


@dataclass(eq=False)
class Module:
    """One file."""

    name: str
    """Dotted: ``toban.incidents.opening.triage``; of a function's ``main.py`` ``functions.NAME.main``."""
    path: str
    """From the root of the tree; what a message names."""
    source: str

    @cached_property
    def ast(self) -> ast.Module:
        return ast.parse(self.source)

    @property
    def is_package(self) -> bool:
        return self.path.endswith("__init__.py")

    @property
    def package(self) -> str:
        """The package that holds it, dotted (itself, for an ``__init__``)."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @property
    def room(self) -> str:
        """Its package or module right below ``toban``; empty outside of it."""
        first, _, rest = self.name.partition(".")
        return rest.partition(".")[0] if first == "toban" else ""

    @property
    def lines(self) -> int:
        return len(self.source.splitlines())

    @cached_property
    def _scoped(self) -> _Scopes:
        found = _Scopes(self)
        found.visit(self.ast)
        return found

    @cached_property
    def _by_name(self) -> list[tuple[ast.Call, set[str]]]:
        """Calls whose outcome may be a name, with what is called: imports by name, `getattr`."""
        calls = [c for c in self._scoped.calls if any(text(argument) for argument in c.args[:2])]
        return [(call, self.resolve(call.func, self.scope_of(call))) for call in calls]

    @property
    def scope(self) -> Scope:
        """What names mean at the top level."""
        return self._scoped.top

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope in which `node` stands (a node of this module)."""
        return self._scoped.of[node]

    @cached_property
    def imports(self) -> list[Import]:
        """Whatever is imported: at the top, in a function, for the type checker only, by name."""
        by_name = [
            Import(text(call.args[0]), call.lineno)
            for call, called in self._by_name
            if called & IMPORTERS and text(call.args[0])
        ]
        return [*self._scoped.imports, *by_name]

    @cached_property
    def mentions(self) -> list[Mention]:
        """Every name that is read, with all its attributes, once; imports are not among them."""
        by_name = [call for call, called in self._by_name if "builtins.getattr" in called]
        return [
            Mention(node, frozenset(names))
            for node in (*self._scoped.chains, *by_name)
            if (names := self.resolve(node, self.scope_of(node)))
        ]

    @cached_property
    def statements(self) -> dict[str, ast.stmt]:
        """What defines each name at the top level, also under ``if`` and ``try``."""
        return {name: node for node in _flat(self.ast.body) for name in defined(node)}

    @cached_property
    def holders(self) -> dict[ast.AST, ast.AST]:
        """For every node the top-level statement that it stands in."""
        return {inner: node for node in self.ast.body for inner in ast.walk(node)}

    @cached_property
    def calls(self) -> list[ast.Call]:
        """Every call."""
        return self._scoped.calls

    @cached_property
    def references(self) -> list[tuple[int, str]]:
        """Line and dotted name of whatever is read or imported by name, each once."""
        found = {(i.line, i.target): None for i in self.imports if not i.whole}
        found.update({(m.line, name): None for m in self.mentions for name in sorted(m.names)})
        return sorted(found)

    @cached_property
    def attributes(self) -> list[tuple[int, str]]:
        """Line and name of every attribute, whatever it is an attribute of."""
        nodes = ast.walk(self.ast)
        return [(node.lineno, node.attr) for node in nodes if isinstance(node, ast.Attribute)]

    def resolve(
        self, node: ast.expr, scope: Scope, seen: frozenset[tuple[str, int]] = frozenset()
    ) -> set[str]:
        """The dotted names an expression may stand for; none when that cannot be told."""
        if isinstance(node, ast.Name):
            return self.named(node.id, scope, seen)
        if isinstance(node, ast.Attribute):
            return {f"{base}.{node.attr}" for base in self.resolve(node.value, scope, seen)}
        if isinstance(node, ast.NamedExpr):
            return self.resolve(node.value, scope, seen)
        if isinstance(node, ast.IfExp):
            return self.resolve(node.body, scope, seen) | self.resolve(node.orelse, scope, seen)
        if isinstance(node, ast.BoolOp):
            return set().union(*(self.resolve(value, scope, seen) for value in node.values))
        if isinstance(node, ast.Call):
            return self._called(node, scope, seen)
        return set()

    def named(
        self, name: str, scope: Scope, seen: frozenset[tuple[str, int]] = frozenset()
    ) -> set[str]:
        """The dotted names that a plain name may stand for in a scope."""
        at: Scope | None = scope
        while at is not None and not (at.binds(name) and (at is scope or not at.is_class)):
            at = at.parent
        if at is None:
            return {f"builtins.{name}"} if hasattr(builtins, name) else set()
        if (name, id(at)) in seen:
            return set()
        seen |= {(name, id(at))}
        found = set(at.imports.get(name, ()))
        if name in at.defined:
            found.add(at.defined[name])
        for value, where in at.values.get(name, ()):
            known = self.resolve(value, where, seen)
            # A constant is known by its own name.
            found |= known or ({f"{self.name}.{name}"} if at.parent is None else set())
        return found

    def _called(self, node: ast.Call, scope: Scope, seen: frozenset[tuple[str, int]]) -> set[str]:
        """What a call gives where that is a name: ``getattr(x, "y")``, an import by name."""
        called = self.resolve(node.func, scope, seen)
        if "builtins.getattr" in called and len(node.args) >= 2 and (name := text(node.args[1])):
            return {f"{base}.{name}" for base in self.resolve(node.args[0], scope, seen)}
        if called & IMPORTERS:
            return {text(node.args[0])} - {""} if node.args else set()
        if "functools.partial" in called and node.args:
            return self.resolve(node.args[0], scope, seen)
        return set()


IMPORTERS = {"importlib.import_module", "importlib.__import__", "builtins.__import__"}


def text(node: ast.expr | None) -> str:
    """The string that a literal is; empty when it is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def _flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _flat([*node.body, *node.orelse])
            for handler in getattr(node, "handlers", ()):
                yield from _flat(handler.body)


def defined(node: ast.stmt) -> list[str]:
    """The names that a statement defines."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


class _Scopes(ast.NodeVisitor):
    """One pass over a module: its scopes, its imports, and the name chains that stand in it."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.top = Scope(None)
        self.here = self.top
        self.prefix = module.name
        self.of: dict[ast.AST, Scope] = {}
        self.imports: list[Import] = []
        self.chains: list[ast.expr] = []
        self.calls: list[ast.Call] = []

    def visit(self, node: ast.AST) -> None:
        self.of[node] = self.here
        super().visit(node)

    # --- what binds names --------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.imports.append(Import(alias.name, node.lineno, whole=True))
            bound = alias.name if alias.asname else alias.name.partition(".")[0]
            self.here.imports.setdefault(alias.asname or bound, []).append(bound)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        source = node.module or ""
        if node.level:
            parts = self.module.package.split(".")
            base = parts[: len(parts) - node.level + 1]
            source = ".".join([*base, *filter(None, [node.module])])
        for alias in node.names:
            target = source if alias.name == "*" else f"{source}.{alias.name}"
            self.imports.append(Import(target, node.lineno))
            self.here.imports.setdefault(alias.asname or alias.name, []).append(target)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._bind(target, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._bind(node.target, node.value)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._bind(node.target, node.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self._bind(node.target, None)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._bind(node.target, None)
        self.generic_visit(node)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            if item.optional_vars is not None:
                self._bind(item.optional_vars, None)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.here.opaque.add(node.name)
        self.generic_visit(node)

    def _bind(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            if value is None:
                self.here.opaque.add(target.id)
            else:
                self.here.values.setdefault(target.id, []).append((value, self.here))
        elif isinstance(target, ast.Tuple | ast.List):
            values: list[ast.expr | None] = [None] * len(target.elts)
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                values = list(value.elts)
            for element, one in zip(target.elts, values, strict=True):
                self._bind(element, one)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, None)

    # --- what makes scopes -------------------------------------------------------------------

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._enter(node, node.name, is_class=True)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._enter(node, node.name)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._enter(node, node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._enter(node, "<lambda>")

    def _enter(
        self,
        node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        name: str,
        *,
        is_class: bool = False,
    ) -> None:
        outer, prefix = self.here, self.prefix
        if not isinstance(node, ast.Lambda):
            outer.defined[name] = f"{prefix}.{name}"
            for decorator in node.decorator_list:
                self.visit(decorator)
        self.here, self.prefix = Scope(outer, is_class), f"{prefix}.{name}"
        if not isinstance(node, ast.ClassDef):
            arguments = node.args
            named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            starred = filter(None, (arguments.vararg, arguments.kwarg))
            self.here.opaque.update(a.arg for a in (*named, *starred))
        for child in ast.iter_child_nodes(node):
            if child not in getattr(node, "decorator_list", ()):
                self.visit(child)
        self.here, self.prefix = outer, prefix

    # --- what is mentioned -------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.chains.append(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.chains.append(node)
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            inner = inner.value
            self.of[inner] = self.here
        if not isinstance(inner, ast.Name):
            self.visit(inner)

    def visit_Call(self, node: ast.Call) -> None:
        self.calls.append(node)
        self.generic_visit(node)
