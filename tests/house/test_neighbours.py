"""A domain names of another what is a value, or what it has declared."""

from __future__ import annotations

import pytest

from tests.house.scratch import Trial, found_by, trials, unnoticed


@trials(
    Trial(
        "function",
        "from toban.incidents.lifecycle import resolve\n",
        "from toban.incidents.lifecycle import resolve as end\n",
    ),
    Trial(
        "module",
        "from toban.incidents import lifecycle\n",
        "import toban.incidents.lifecycle as l\ndef f():\n    return l.resolve\n",
    ),
    Trial(
        "in a function",
        "def f(w):\n    from toban.incidents.act import HANDLERS, act\n    return act\n",
        "def f(w):\n    from toban.incidents.act import act as a\n    return a\n",
    ),
    Trial(
        "service",
        "from toban.backups.work.prune import PruneHandler\n",
        "from toban.backups.work.prune import PruneHandler as P\n",
    ),
)
def test_the_function_of_another_domain_is_found(files: dict[str, str]):
    assert unnoticed("neighbours", files) == []


def test_a_function_under_the_name_of_a_constant_is_found():
    files = {
        "shared/toban/incidents/shiny.py": "from toban.incidents.act import act\nDO = act\n",
        "shared/toban/kettles/rules.py": "from toban.incidents.shiny import DO\n",
    }
    (found,) = found_by("neighbours", files)
    assert found.startswith("shared/toban/kettles/rules.py:1:")


TABLE = "from toban.incidents.act import on_command as act\nfrom toban.incidents.documents import Incident\n"


@pytest.mark.parametrize(
    "table",
    [
        "DO = {'acknowledge': act}\n",
        "DO = [('acknowledge', act)]\n",
        "DO = {Incident: lambda incident: incident}\n",
        "from functools import partial\nDO = (partial(act, 1),)\n",
        "from toban.incidents.act import HANDLERS\nDO = (HANDLERS,)\n",
        "import typing\ndef made() -> typing.Callable[[], None]: ...\nDO = made()\n",
        "class Acts:\n    @staticmethod\n    def one(): ...\nDO = {1: Acts.one}\n",
    ],
)
def test_a_table_of_functions_is_no_value(table: str):
    for rules in (
        "from toban.incidents.shiny import DO\n",
        "import toban.incidents.shiny as s\ndef f():\n    return s.DO[1]\n",
    ):
        files = {
            "shared/toban/incidents/shiny.py": TABLE + table,
            "shared/toban/kettles/rules.py": rules,
        }
        found = found_by("neighbours", files)
        assert all(v.startswith("shared/toban/kettles/rules.py:") for v in found)
        assert any("names toban.incidents.shiny.DO:" in v for v in found)


@trials(
    Trial(
        "handlers",
        "from toban.incidents.act import HANDLERS\n",
        "import toban.incidents.act as a\ndef f():\n    return a.HANDLERS\n",
    ),
    Trial(
        "actions",
        "from toban.incidents.act import _ACTIONS\n",
        "import toban.incidents.act as a\nHOW = a._ACTIONS\n",
    ),
)
def test_the_handlers_of_another_domain_are_found(files: dict[str, str]):
    assert unnoticed("neighbours", files) == []


@pytest.mark.parametrize(
    "constant",
    [
        "X = {'a': (1, timedelta(hours=1))}\n",
        "X = Incident | None\n",
        "X: dict[str, type[Incident]] = {'incident': Incident}\n",
        "X = tuple(sorted({'b', 'a'}))\n",
        "X = Cause(note='x')\nclass Cause(msgspec.Struct):\n    note: str\n",
    ],
)
def test_a_constant_of_another_domain_may_be_named(constant: str):
    head = "import msgspec\nfrom datetime import timedelta\nfrom toban.incidents.documents import Incident\n"
    files = {
        "shared/toban/incidents/shiny.py": head + constant,
        "shared/toban/kettles/rules.py": "from toban.incidents.shiny import X\n",
    }
    assert found_by("neighbours", files) == []


def test_values_of_another_domain_may_be_named():
    source = (
        "from toban.incidents.documents import Alert, Incident\n"
        "from toban.notify.documents import Notification, Status\n"
        "def f(incident: Incident, n: Notification):\n    return Incident.key('x'), n.is_page\n"
    )
    assert found_by("neighbours", {"shared/toban/kettles/rules.py": source}) == []


@pytest.mark.parametrize(
    ("used", "rules", "told"),
    [
        ("toban.oncall.targets", "from toban.oncall.targets import resolve\n", ""),
        ("toban.oncall.targets", "", "which kettles does not use"),
        ("toban.incidents.act", "from toban.incidents.act import act\n", "decides nothing"),
        ("toban.incidents.nowhere", "", "which is no module"),
    ],
)
def test_what_a_domain_declares_to_use(used: str, rules: str, told: str):
    face = "shared/toban/kettles/__init__.py"
    files = {face: f"USES = {{'{used}': 'why'}}\n", "shared/toban/kettles/rules.py": rules}
    found = found_by("neighbours", files)
    assert all(v.startswith(f"{face}:") for v in found)
    assert (told in "".join(found)) if told else found == []
