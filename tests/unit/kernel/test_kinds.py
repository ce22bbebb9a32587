"""Kinds are found in their folders; what is registered is registered once."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import msgspec
import pytest

from toban.channels.base import Channel
from toban.events import RecheckDue
from toban.kernel.event import Body, event, registered
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.kinds import kinds, module_of_kind, named, tag_of
from toban.kernel.status import IllegalTransitionError, Transitions, move

KIND = """
from tests.unit.kernel.test_kinds import Tool


class {name}(Tool, tag="{tag}"):
    {body}
"""


class Tool(msgspec.Struct):
    """The base of the kinds of the tests."""


@pytest.fixture
def shed(tmp_path, monkeypatch):
    """Make a package of kinds: folder -> module `kind`; None: it has none."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def make(**folders: str | None) -> str:
        package = f"shed_of_{tmp_path.name}_{len(made)}".replace("-", "_")
        made.append(package)
        root = tmp_path / package
        for path in (root, *(root / folder for folder in folders)):
            path.mkdir()
            (path / "__init__.py").write_text("")
        for folder, source in folders.items():
            if source is not None:
                (root / folder / "kind.py").write_text(source)
        (root / "notes.py").write_text("raise RuntimeError('no folder')")
        return package

    yield make
    for name in [n for n in sys.modules if n.partition(".")[0] in made]:
        del sys.modules[name]


def kind(name: str, tag: str, body: str = "...") -> str:
    return KIND.format(name=name, tag=tag, body=body)


def test_kinds_come_by_rank_then_by_tag_whatever_their_folders_are_called(shed):
    package = shed(
        a=kind("Spade", "spade"), b=kind("Axe", "axe"), c=kind("Rake", "rake", "RANK = -1"), d=None
    )
    found = kinds(package, Tool)
    assert [tag_of(each) for each in found] == ["rake", "axe", "spade"]
    assert kinds(package, Tool) is found
    container = named(package, Tool)
    assert container.__origin__ is dict
    key, value = get_args(container)
    assert (key, set(get_args(value))) == (str, set(found))
    assert module_of_kind(found[0], "kind").__name__ == f"{package}.c.kind"


@pytest.mark.parametrize(("classes", "count"), [("", 0), (kind("A", "a") + kind("B", "b"), 2)])
def test_a_folder_defines_one_kind(shed, classes, count):
    package = shed(odd="from tests.unit.kernel.test_kinds import Tool\n" + classes)
    with pytest.raises(
        ValueError, match=rf"{package}\.odd\.kind defines {count} subclasses of Tool"
    ):
        kinds(package, Tool)


def test_the_shipped_kinds_are_there():
    assert {tag_of(each) for each in kinds("toban.channels", Channel)} >= {
        "slack", "email", "webhook", "console",
    }  # fmt: skip
    assert Path(str(module_of_kind(kinds("toban.channels", Channel)[0], "kind").__file__)).is_file()


def test_a_type_of_event_is_registered_once():
    before = dict(registered())

    @event("toban.test.kinds.v1", topic="test-kinds")
    class Made(Body, frozen=True):
        """An event of this test."""

    try:
        assert (Made.TYPE, Made.TOPIC) == ("toban.test.kinds.v1", "test-kinds")
        assert registered()["toban.test.kinds.v1"] is Made
        with pytest.raises(ValueError, match=r"toban\.test\.kinds\.v1 is registered twice"):
            event("toban.test.kinds.v1", topic="other")(Made)
        assert Made().subject() == ""
    finally:
        from toban.kernel import event as module

        module._by_type.clear()
        module._by_type.update(before)


def test_an_event_has_one_handler():
    def nothing(_: RecheckDue, __: Any) -> None: ...

    handlers = Handlers().on(RecheckDue, Decision(nothing))
    assert list(handlers) == [RecheckDue]
    with pytest.raises(ValueError, match="RecheckDue has a handler already"):
        handlers.on(RecheckDue, Decision(nothing))


TABLE = Transitions(first=("open",), then={"open": ("closed",), "closed": ()})


@pytest.mark.parametrize(
    ("before", "after", "may"),
    [
        ("open", "closed", True),
        ("open", "open", True),
        ("closed", "closed", True),
        ("closed", "open", False),
        ("open", "gone", False),
        ("gone", "open", False),
    ],
)
def test_a_status_follows_where_its_table_says_so(before, after, may):
    document: Any = SimpleNamespace(id="d", STATUS=TABLE, status=before)
    if may:
        move(document, after)
        assert document.status == after
        return
    with pytest.raises(IllegalTransitionError, match=f"d: {after} does not follow {before}"):
        move(document, after)
    assert document.status == before


def test_what_has_no_statuses_is_given_none():
    with pytest.raises(IllegalTransitionError, match="has no statuses"):
        move(SimpleNamespace(id="d", STATUS=None), "open")
