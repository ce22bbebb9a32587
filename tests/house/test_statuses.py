"""A status changes by `toban.kernel.status.move` alone, and by nothing that its table does not know."""

from __future__ import annotations

import ast
import sys
import textwrap
import typing
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.house.tree import parsed
from tests.unit.kernel.test_sweep import NOON, backup, incident
from toban.adapters.local.memory.store import MemoryStore
from toban.backups.documents import Backup, mark, unmark
from toban.events import SweepDue
from toban.incidents.documents import Incident
from toban.kernel.document import Document, encode
from toban.kernel.event import Event
from toban.kernel.handling.change import change
from toban.kernel.handling.effect import EffectDocument
from toban.kernel.status import IllegalTransitionError, Transitions, move
from toban.kernel.work import Work
from toban.ports import Create
from toban.topology.documents import document_classes
from toban.topology.generate import ROOT
from toban.topology.statuses import drawing

PACKAGE = ROOT / "shared" / "toban"
CLASSES = [cls for cls in (EffectDocument, *document_classes().values()) if cls.STATUS is not None]
FIELDS = {cls.STATUS.field for cls in CLASSES}
HOMES = {Path(str(sys.modules[cls.__module__].__file__)) for cls in CLASSES}
"""The modules in which a document with a status is defined: there its table is in sight."""
MOVER = PACKAGE / "kernel" / "status.py"
UNTYPED = ("adapters", "channels", "sources")
"""They know no document; libraries' objects are set up there by names from a table."""


def changes(path: Path, root: Path) -> Iterator[str]:
    """Where a module sets a status by itself, as ``path:line: what``."""
    nodes = [*ast.walk(parsed(path))]
    own = {
        node
        for function in nodes
        if isinstance(function, ast.FunctionDef) and function.name == "__init__"
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"
    }
    """An object that is no document sets up a field of its own; documents have no ``__init__``."""
    setters = {
        *("setattr", "force_setattr"),
        *_imported(nodes, "builtins", "setattr"),
        *_imported(nodes, "msgspec.structs", "force_setattr"),
    }
    replacing = {"replace", *_imported(nodes, "", "replace")}
    called = {node.func for node in nodes if isinstance(node, ast.Call)}
    untyped = path.relative_to(root).parts[0] in UNTYPED
    for node in nodes:
        found = ""
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            found = f".{node.attr} =" if node.attr in FIELDS and node not in own else ""
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else _id(node.func)
            if name in (*setters, "__setattr__"):
                what = node.args[-2] if len(node.args) > 1 else None
                constant = isinstance(what, ast.Constant)
                known = isinstance(what, ast.Constant) and what.value in FIELDS
                found = name if known or not (constant or untyped) else ""
            elif name in replacing and {k.arg for k in node.keywords} & FIELDS:
                found = f"{name}(…, status=)"
        elif isinstance(node, ast.Name) and node.id in setters and node not in called:
            found = f"{node.id} under another name"
        if found:
            yield f"{path}:{node.lineno}: {found}: use toban.kernel.status.move"


def _id(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _imported(nodes: list[ast.AST], module: str, name: str) -> set[str]:
    return {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module == module or not module)
        for alias in node.names
        if alias.name == name
    }


def all_changes(root: Path, homes: set[Path]) -> list[str]:
    return [
        found
        for path in sorted(root.rglob("*.py"))
        if path not in homes
        for found in changes(path, root)
    ]


def test_no_status_is_set_outside_its_documents_module():
    assert all_changes(PACKAGE, {*HOMES, MOVER}) == []
    assert all_changes(ROOT / "functions", set()) == []


TRIALS = {
    "plain": "incident.status = 'resolved'",
    "state": "found.state = 'void'",
    "tuple": "alert.status, alert.ends_at = 'resolved', now",
    "list": "[alert.ends_at, *alert.status] = values",
    "loop": "for incident.status in ('open', 'resolved'): pass",
    "with": "with opened() as incident.status: pass",
    "annotated": "incident.status: str = 'open'",
    "augmented": "incident.status += 'x'",
    "deep": "work.get(Incident, 'a').status = 'open'",
    "setattr": "setattr(incident, 'status', 'open')",
    "setattr by a name": "for name in names: setattr(incident, name, 'open')",
    "setattr imported": "from builtins import setattr as put\nput(incident, 'status', 'open')",
    "setattr renamed": "put = setattr\nput(incident, 'status', 'open')",
    "setattr handed on": "from functools import partial\npartial(setattr, incident, 'status')('open')",
    "object": "object.__setattr__(incident, 'status', 'open')",
    "own": "incident.__setattr__('state', 'void')",
    "by force": "import msgspec\nmsgspec.structs.force_setattr(incident, 'status', 'open')",
    "by force, renamed": "from msgspec.structs import force_setattr as f\nf(incident, 'status', 'open')",
    "replace": "import msgspec\nmsgspec.structs.replace(incident, status='open')",
    "replace imported": "from msgspec.structs import replace as other\nother(found, state='void')",
    "method": "class Closing:\n    def close(self, incident):\n        incident.status = 'resolved'",
}


@pytest.mark.parametrize("trial", TRIALS)
@pytest.mark.parametrize("place", ["kettles/start.py", "kettles/work/inner/end.py", "cli/undo.py"])
def test_each_way_to_set_one_is_found(trial, place, tmp_path):
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text(
        f"def change(incident, found, now):\n{textwrap.indent(TRIALS[trial], '    ')}\n"
    )
    found = all_changes(tmp_path, set())
    assert found, TRIALS[trial]
    assert all(line.startswith(f"{path}:") for line in found)


def test_what_changes_no_document_is_let_be(tmp_path):
    path = tmp_path / "fine.py"
    path.write_text(
        "class Refused(Exception):\n"
        "    def __init__(self, status):\n"
        "        self.status = status\n"
        "if incident.status == 'open': move(incident, 'resolved')\n"
        "Alert(id='a', status='firing')\n"
        "setattr(blob, 'content_type', 'text/plain')\n"
        "text.replace('a', 'b')\n"
    )
    assert all_changes(tmp_path, set()) == []


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_a_table_names_exactly_what_the_field_may_hold(cls):
    table: Transitions = cls.STATUS
    held = typing.get_args(typing.get_type_hints(cls)[table.field])
    assert set(table.then) == set(held)
    assert {to for following in table.then.values() for to in following} <= set(held)
    assert set(table.first) <= set(held)
    assert table.first
    reached = set(table.first)
    for _ in held:
        reached |= {to for status in reached for to in table.then[status]}
    # What an earlier release wrote is known, and nothing begins with it any more.
    assert set(held) - reached <= {"unchanged"}


def test_every_status_of_a_document_has_its_table():
    lacking = [
        f"{sys.modules[cls.__module__].__file__}: {cls.__name__}.{field.name}: STATUS = Transitions(…)"
        for cls in document_classes().values()
        for field in msgspec.structs.fields(cls)
        if field.name in FIELDS and (cls.STATUS is None or cls.STATUS.field != field.name)
    ]
    assert lacking == []


def test_move_refuses_what_the_table_does_not_know():
    class Light(Document, kw_only=True):
        STATUS = Transitions(("red",), {"red": ("green",), "green": ("amber",), "amber": ("red",)})
        status: str = "red"

    light = Light(id="a")
    for status in ("green", "green", "amber", "red"):
        move(light, status)
        assert light.status == status
    for status in ("amber", "blue"):
        with pytest.raises(IllegalTransitionError, match=f"Light a: {status} does not follow red"):
            move(light, status)
    assert light.status == "red"
    with pytest.raises(IllegalTransitionError):
        move(document_classes()["groups"](id="chat"), "open")


def test_a_table_is_drawn_arrow_by_arrow():
    table = Transitions(("red",), {"red": ("green",), "green": ()})
    assert drawing(table).splitlines() == [
        "```mermaid", "stateDiagram-v2", "    [*] --> red", "    red --> green",
        "    green --> [*]", "```",
    ]  # fmt: skip
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert all(drawing(cls.STATUS) in page for cls in CLASSES)


@pytest.mark.parametrize("was", [s for s, then in Backup.STATUS.then.items() if "deleting" in then])
def test_a_removal_that_is_taken_back_leaves_what_was_there(was):
    marked = backup(status=was)
    mark(marked)
    assert marked.status == "deleting"
    unmark(marked)
    assert (marked.status, marked.marked_from) == (was, None)


def test_put_refuses_it_too_however_it_was_changed():
    store = MemoryStore()
    begun = incident()
    store.commit([Create(begun.key(begun.id), encode(begun))])
    event = Event(id="e", source="/test", time=NOON, body=SweepDue())
    for status in ("acknowledged", "open", "resolved"):
        work = Work(store=store, event=event, function="f", now=NOON)
        assert work.get(Incident, begun.id) is not None
        work.put(msgspec.structs.replace(begun, status=status))
        store.commit(list(work.writes))
    work = Work(store=store, event=event, function="f", now=NOON)
    assert work.get(Incident, begun.id) is not None
    with pytest.raises(IllegalTransitionError, match="incidents/inc-1: acknowledged does not foll"):
        work.put(msgspec.structs.replace(begun, status="acknowledged"))


def test_so_does_a_change_outside_of_any_handling():
    store = MemoryStore()
    begun = incident(status="resolved", resolved_at=NOON)
    store.commit([Create(begun.key(begun.id), encode(begun))])
    with pytest.raises(IllegalTransitionError, match="incidents/inc-1: acknowledged does not foll"):
        change(
            store,
            Incident,
            begun.id,
            lambda known: msgspec.structs.replace(known, status="acknowledged"),
        )
