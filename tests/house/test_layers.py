"""What imports upwards or sideways is found."""

from __future__ import annotations

import pytest

from tests.house.scratch import Trial, found_by, trials, unnoticed


@trials(
    Trial(
        "adapter",
        "from toban.adapters.local.memory.store import MemoryStore\n",
        "import toban.adapters.local.memory.store as location\n",
    ),
    Trial(
        "adapter in a function",
        "def f():\n    from toban.adapters.local.memory import store\n    return store\n",
        "def f():\n    import toban.adapters.local.memory.store as s\n    return s\n",
    ),
    Trial(
        "adapter for the type checker",
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from toban.adapters.local.memory.store import MemoryStore\n",
        "import typing as t\n"
        "if t.TYPE_CHECKING:\n    from toban.adapters.local.memory.store import MemoryStore as M\n",
    ),
    Trial(
        "adapter by name",
        "import importlib\nstore = importlib.import_module('toban.adapters.local.memory.store')\n",
        "from importlib import import_module as bring\n"
        "def f():\n    return bring('toban.adapters.local.memory.store')\n",
    ),
    Trial("Google", "from google.cloud import firestore\n", "import google.cloud.firestore as f\n"),
    Trial("web framework", "import flask\n", "from flask import Request as Asked\n"),
    Trial("sqlite", "import sqlite3\n", "from sqlite3 import connect as c\n"),
    Trial("upwards", "from toban.entry import subscriber\n", "import toban.entry as way_in\n"),
    Trial("channel", "from toban.channels import config\n", "import toban.channels.config as c\n"),
)
def test_a_domain_that_imports_upwards_is_found(files: dict[str, str]):
    assert unnoticed("layers", files) == []


@pytest.mark.parametrize(
    "source",
    [
        "from toban.adapters.local.memory.store import MemoryStore\n",
        "import toban.adapters.local.memory.store as m\n",
        "from toban.channels.slack.adapter import SlackChannelAdapter as S\n",
        "from google.cloud import firestore\n",
    ],
)
def test_an_adapter_in_a_main_is_found(source: str):
    path = "functions/start_kettle/main.py"
    assert any(v.startswith(f"{path}:1:") for v in found_by("layers", {path: source}))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("shared/toban/kernel/shiny.py", "from toban.events import AlertFired\n"),
        ("shared/toban/adapters/shiny.py", "from toban.incidents.documents import Incident\n"),
        ("shared/toban/events/shiny.py", "import toban.profile.types as t\n"),
        ("shared/toban/local/shiny.py", "from toban.cli import main\n"),
        ("shared/toban/channels/shiny.py", "from toban.notify.documents import Notification\n"),
    ],
)
def test_infrastructure_that_imports_upwards_is_found(path: str, source: str):
    assert any(v.startswith(f"{path}:1:") for v in found_by("layers", {path: source}))


@pytest.mark.parametrize(
    "source",
    [
        "from importlib import import_module\nX = import_module(name='toban.adapters.local')\n",
        "import pkgutil\nX = pkgutil.resolve_name('toban.adapters.local:x')\n",
        "import sys\nX = sys.modules['toban.' + 'adapters']\n",
    ],
)
def test_a_function_imports_nothing_by_name(source: str):
    (found,) = found_by("layers", {"functions/heat_kettle/main.py": source})
    assert found.startswith("functions/heat_kettle/main.py:1: ")
