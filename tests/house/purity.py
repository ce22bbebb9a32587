"""
A domain takes time, ids and chance from its unit of work, and reaches the outside by its ports.

What is named counts, called or not, under whatever alias: ``clock = datetime.now`` is found where
it is written.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.house.module import Module
from tests.house.tree import Tree
from toban.topology.rooms import PURE, kind

HERE = "tests/house/purity.py"

MODULES = frozenset(
    [
        "asyncio",
        "concurrent",
        "ctypes",
        "dbm",
        "fcntl",
        "fileinput",
        "ftplib",
        "getpass",
        "glob",
        "http",
        "imaplib",
        "importlib",
        "io",
        "logging",
        "mmap",
        "multiprocessing",
        "os",
        "pathlib",
        "platform",
        "poplib",
        "pty",
        "queue",
        "random",
        "runpy",
        "sched",
        "secrets",
        "select",
        "selectors",
        "shelve",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "urllib.request",
        "uuid",
        "xmlrpc",
        "_thread",
    ]
)
"""Modules of the standard library of which nothing is for a domain."""

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
    ]
)

METHODS = frozenset({"read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "rglob"})
"""Of `pathlib.Path`, whoever made it."""

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
    ("shared/toban/notify/destinations.py", "threading"): "breakers are shared by an instance",
    ("shared/toban/strictyaml/compose.py", "pathlib"): "reads the file that it is given",
}
"""(path, what is named) → why it may."""


def violations(tree: Tree) -> list[str]:
    """Whatever a domain names that is not its own to decide; and what is permitted in vain."""
    found: list[str] = []
    used: set[tuple[str, str]] = set()
    for module in tree.modules.values():
        if module.room and kind(module.name) in PURE - EXEMPT:
            for line, name in sorted(set(_impure(module, tree))):
                permitted = {
                    key for key in PERMITTED if key[0] == module.path and _in(name, key[1])
                }
                used |= permitted
                if not permitted:
                    found.append(
                        f"{module.path}:{line}: {name} is not for toban.{module.room}: time, ids "
                        "and chance come from the unit of work, I/O from ports"
                    )
    found += [
        f"{HERE}: PERMITTED lists {what} for {path}, which does not use it: remove the entry"
        for path, what in PERMITTED
        if (path, what) not in used and any(m.path == path for m in tree.modules.values())
    ]
    return found


def _impure(module: Module, tree: Tree) -> Iterator[tuple[int, str]]:
    for line, name in module.references:
        yield from ((line, final) for final in tree.final(name) if _is_bad(final))
    yield from ((line, f".{name}") for line, name in module.attributes if name in METHODS)


def _is_bad(name: str) -> bool:
    parts = name.split(".")
    return name in NAMES or any(".".join(parts[:end]) in MODULES for end in (1, 2))


def _in(name: str, whole: str) -> bool:
    return name == whole or name.startswith(f"{whole}.")
