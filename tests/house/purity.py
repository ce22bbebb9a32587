"""
A domain takes time, ids and chance from its unit of work, and reaches the outside by its ports.

What is named counts, called or not, under whatever alias: ``clock = datetime.now`` is found where
it is written.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from tests.house.module import Module, text
from tests.house.records import Records
from tests.house.tree import Tree
from toban.topology.rooms import PURE, kind

HERE = "tests/house/purity.py"

ALLOWED = frozenset(
    [
        "__future__",
        "base64",
        "binascii",
        "collections",
        "contextlib",
        "dataclasses",
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "functools",
        "hashlib",
        "hmac",
        "ipaddress",
        "itertools",
        "math",
        "re",
        "statistics",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "urllib.parse",
        "zoneinfo",
    ]
)
"""Modules of the standard library that only compute; no other is for a domain."""

NAMES = frozenset(
    [
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
        "builtins.open",
        "builtins.input",
        "builtins.print",
        "builtins.exec",
        "builtins.eval",
        "builtins.compile",
        "builtins.__import__",
        "builtins.breakpoint",
        "builtins.globals",
        "builtins.locals",
        "builtins.vars",
        "hashlib.file_digest",
        "toban.kernel.log.Settings",
        "zstandard.open",
    ]
)
NOT_MODULES = frozenset({"collections.abc", "datetime.time"})
"""Named like a module of its own."""
NAMESPACES = frozenset({"__dict__", "__builtins__", "__globals__"})
"""By these anything may be got, under a name that is made up."""

METHODS = frozenset(
    [
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
        "iterdir",
        "rglob",
        "today",
        "utcnow",
    ]
)
"""Of `pathlib.Path` and `datetime`, whoever made it."""

CLOCKS = frozenset(
    {
        "toban.ports.Clock",
        "toban.kernel.handling.job.JobClaim",
        "toban.backups.work.lease.KeptClaim",
    }
)
"""Whose ``now()`` may be called: what a domain is given to tell the time by."""

EXEMPT = frozenset({"kernel", "ports", "texts"})
"""Below the domains: the kernel is where time and ids come from."""

PERMITTED: dict[tuple[str, str], str] = {
    ("shared/toban/backups/storage/frames.py", "os.urandom"): "a nonce that can be told is none",
    ("shared/toban/backups/catalogue/datakeys.py", "os.urandom"): "a key that can be told is none",
    ("shared/toban/backups/work/take.py", "os.urandom"): "data keys are made of it",
    (
        "shared/toban/backups/storage/parts.py",
        "concurrent.futures",
    ): "hashing beside sealing: two processors, the same bytes",
    (
        "shared/toban/backups/work/lease.py",
        "threading",
    ): "a lease is renewed while a call into another system lasts",
    ("shared/toban/notify/destinations.py", "threading"): "breakers are shared by an instance",
    ("shared/toban/strictyaml/compose.py", "pathlib"): "reads the file that it is given",
}
"""(path, what is named) → why it may."""


def violations(tree: Tree) -> list[str]:
    """Whatever a domain names that is not its own to decide; and what is permitted in vain."""
    found: list[str] = []
    used: set[tuple[str, str]] = set()
    records = Records(tree)
    for module in tree.modules.values():
        if module.room and kind(module.name) in PURE - EXEMPT:
            for line, name in sorted(set(_impure(module, records))):
                permitted = {
                    key for key in PERMITTED if key[0] == module.path and _in(name, key[1])
                }
                used |= permitted
                if not permitted:
                    found.append(
                        f"{module.path}:{line}: {name} is not for toban.{module.room}: time, ids "
                        "and chance come from the unit of work, I/O from ports (modules that "
                        f"only compute: ALLOWED in {HERE})"
                    )
    found += [
        f"{HERE}: PERMITTED lists {what} for {path}, which does not use it: remove the entry"
        for path, what in PERMITTED
        if (path, what) not in used and any(m.path == path for m in tree.modules.values())
    ]
    return found


def _impure(module: Module, records: Records) -> Iterator[tuple[int, str]]:
    for line, name in module.references:
        yield from ((line, final) for final in records.tree.final(name) if _is_bad(final))
    for imported in module.imports:  # also ``import x`` of which nothing is used
        used = any(_in(name, imported.target) for _, name in module.references)
        if imported.whole and not used and _is_bad(imported.target):
            yield imported.line, imported.target
    hidden = METHODS | NAMESPACES
    yield from ((line, f".{name}") for line, name in module.attributes if name in hidden)
    yield from (
        (node.lineno, node.id)
        for node in module.holders
        if isinstance(node, ast.Name) and node.id in NAMESPACES
    )
    yield from _told_the_time(module, records)


def _is_bad(name: str) -> bool:
    if name in NAMES or any(name.startswith(f"{one}.") for one in NAMES):
        return True
    first, *rest = name.split(".")
    if first == "cryptography":  # keys are made of chance
        return any(part.startswith("generate") for part in rest)
    if first not in sys.stdlib_module_names or first == "builtins":
        return False
    inner = ".".join((first, *rest[:1]))
    if rest and _is_bad_module(rest[0]) and inner not in NOT_MODULES:
        return True  # what a module that only computes has imported itself: contextlib.os
    return not any(_in(name, module) for module in ALLOWED)


def _is_bad_module(name: str) -> bool:
    return name in sys.stdlib_module_names and name not in ALLOWED


def _told_the_time(module: Module, records: Records) -> Iterator[tuple[int, str]]:
    """Every ``.now()`` of what is no clock, and every ``.now`` of a class of times."""
    called = {call.func for call in module.calls}
    for call in module.calls:
        scope = module.scope_of(call)
        if len(call.args) < 2 or "builtins.getattr" not in module.resolve(call.func, scope):
            continue
        by_name = text(call.args[1])
        if by_name in {"now", *METHODS, *NAMESPACES}:
            yield call.lineno, f".{by_name}"
        elif not by_name:  # fine of a value, not of what is imported
            named = {
                n for one in module.resolve(call.args[0], scope) for n in records.tree.final(one)
            }
            if any(_is_imported(name) for name in named):
                yield call.lineno, f"{ast.unparse(call)[:60]}, whose name cannot be told,"
    for node in module.holders:
        if not isinstance(node, ast.Attribute) or node.attr != "now":
            continue
        classes = records.of(node.value, module)
        named = {
            final
            for name in module.resolve(node.value, module.scope_of(node))
            for final in records.tree.final(name)
        }
        above = {base for name in named for base in (name, *records.tree.bases(name))}
        of_a_class = (
            isinstance(node.value, ast.Call)
            or getattr(node.value, "attr", "") == "__class__"
            or "datetime.datetime" in above
            or "datetime.datetime" in classes <= {"datetime.datetime", "builtins.type"}
        )
        if (of_a_class or node in called) and not classes & CLOCKS:
            yield node.lineno, f"{ast.unparse(node.value)[:40]}.now"


def _is_imported(name: str) -> bool:
    first = name.partition(".")[0]
    return first in sys.stdlib_module_names or first == "toban"


def _in(name: str, whole: str) -> bool:
    return name == whole or name.startswith(f"{whole}.")
