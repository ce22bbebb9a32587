"""The guards hold for this tree, and each one fails when it should."""

from __future__ import annotations

import re

import pytest

from tests.house.guards import allowed, guards, unforgiven
from tests.house.scratch import Trial, found_by, scratch_tree, trials
from tests.house.tree import this
from toban.topology.generate import ROOT
from toban.topology.rooms import MAY_IMPORT, is_domain


@pytest.mark.parametrize("name", guards())
def test_this_tree_has_no_violation(name: str):
    assert unforgiven(name, guards()[name](this())) == []


@pytest.mark.parametrize("name", guards())
def test_a_violation_names_the_file_to_edit(name: str):
    for violation in guards()[name](this()):
        path = re.match(r"([\w./-]+)(:\d+)?: ", violation)
        assert path, violation
        assert (ROOT / path[1]).exists(), violation


def test_what_is_forgiven_says_what_ends_it():
    for name, entries in allowed().items():
        assert name in guards()
        for entry in entries:
            assert set(entry) == {"path", "about", "until"}, entry
            assert (ROOT / entry["path"]).exists(), entry


def test_an_entry_that_forgives_nothing_is_told():
    (left,) = [v for v in unforgiven("layers", []) if "prune_backups" in v]
    assert left.startswith("tests/house/allowed.toml: [[layers]]")


def test_what_is_not_listed_as_infrastructure_is_a_domain():
    tree = scratch_tree({"shared/toban/deploys/rules.py": ""})
    assert "deploys" in filter(is_domain, tree.rooms())
    assert {"incidents", "notify", "backups"} <= set(filter(is_domain, this().rooms()))


def test_the_table_of_rooms_leads_downwards_only():
    """A room may import only what may not import it, and so on down."""
    below = {room: set(may) - {room} for room, may in MAY_IMPORT.items()}
    while below:
        ground = [room for room, may in below.items() if not may & below.keys()]
        assert ground, f"a circle among {sorted(below)}"
        for room in ground:
            del below[room]


# --- layers ----------------------------------------------------------------------------------


@trials(
    Trial(
        "adapter",
        "from toban.adapters.local.memory.store import MemoryStore\n",
        "import toban.adapters.local.memory.store as shelf\n",
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
def test_a_domain_that_imports_upwards_is_found(path: str, source: str):
    assert any(v.startswith(f"{path}:") for v in found_by("layers", {path: source}))


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
    path = "functions/start_deploy/main.py"
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


# --- purity ----------------------------------------------------------------------------------


@trials(
    Trial(
        "now",
        "from datetime import UTC, datetime\ndef f():\n    return datetime.now(UTC)\n",
        "from datetime import datetime\nclock = datetime.now\ndef f():\n    return clock()\n",
    ),
    Trial(
        "now by its module",
        "import datetime\nX = datetime.datetime.utcnow\n",
        "import datetime as d\nmoment = d.datetime\ndef f():\n    return moment.today()\n",
    ),
    Trial(
        "now as a default",
        "from datetime import datetime\ndef f(clock=datetime.now):\n    return clock()\n",
        "from datetime import datetime as moment\ndef f(clock=getattr(moment, 'now')): ...\n",
    ),
    Trial("random", "import random\nX = random.random()\n", "from random import choice as pick\n"),
    Trial("uuid", "from uuid import uuid4\nX = uuid4()\n", "from uuid import uuid4 as fresh\n"),
    Trial(
        "system random",
        "import random\nX = random.SystemRandom()\n",
        "from random import SystemRandom as Dice\n",
    ),
    Trial("secrets", "import secrets\nX = secrets.token_hex()\n", "import secrets as s\nY = s\n"),
    Trial(
        "environment",
        "import os\ndef f():\n    return os.environ['X']\n",
        "from os import getenv as setting\n",
    ),
    Trial(
        "monotonic",
        "import time\ndef f():\n    return time.monotonic()\n",
        "from time import time as now\n",
    ),
    Trial("open", "def f():\n    return open('x').read()\n", "read = open\n"),
    Trial(
        "path",
        "from pathlib import Path\ndef f():\n    return Path('x').read_text()\n",
        "def f(place):\n    return place.read_bytes()\n",
    ),
    Trial("socket", "import socket\nX = socket.create_connection\n", "from socket import socket\n"),
    Trial("subprocess", "import subprocess as s\nX = s.run\n", "from subprocess import run as r\n"),
    Trial(
        "threads",
        "import threading\nX = threading.Thread\n",
        "from concurrent.futures import ThreadPoolExecutor as Pool\n",
    ),
)
def test_an_impure_domain_is_found(path: str, source: str):
    assert any(v.startswith(f"{path}:") for v in found_by("purity", {path: source}))


@trials(
    Trial(
        "handed on by the kernel",
        "from toban.kernel.shiny import fresh\nX = fresh()\n",
        "import toban.kernel.shiny as s\ndef f():\n    return s.fresh()\n",
    )
)
def test_what_somebody_passes_on_is_found(path: str, source: str):
    passes_on = {"shared/toban/kernel/shiny.py": "from uuid import uuid4 as fresh\n"}
    assert any(v.startswith(f"{path}:") for v in found_by("purity", {path: source, **passes_on}))


def test_a_permission_that_nobody_needs_is_told():
    (found,) = found_by("purity", {"shared/toban/notify/destinations.py": "X = 1\n"})
    assert found.startswith("tests/house/purity.py: PERMITTED lists threading")


def test_what_only_looks_impure_is_not():
    source = (
        "from datetime import datetime\nfrom urllib.parse import urlencode\n"
        "def f(work, random, open):\n    return work.now, random.x, open(1), datetime(2026, 1, 1)\n"
    )
    assert found_by("purity", {"shared/toban/deploys/rules.py": source}) == []


# --- neighbours ------------------------------------------------------------------------------


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
        "from toban.backups.work.prune import Pruning\n",
        "from toban.backups.work.prune import Pruning as P\n",
    ),
)
def test_the_function_of_another_domain_is_found(path: str, source: str):
    assert any(v.startswith(f"{path}:") for v in found_by("neighbours", {path: source}))


def test_a_function_under_the_name_of_a_constant_is_found():
    files = {
        "shared/toban/incidents/shiny.py": "from toban.incidents.act import act\nDO = act\n",
        "shared/toban/deploys/rules.py": "from toban.incidents.shiny import DO\n",
    }
    (found,) = found_by("neighbours", files)
    assert found.startswith("shared/toban/deploys/rules.py:1:")


def test_values_of_another_domain_may_be_named():
    source = (
        "from toban.incidents.documents import Alert, Incident\n"
        "from toban.notify.documents import Notification, Status\n"
        "def f(incident: Incident, n: Notification):\n    return Incident.key('x'), n.is_page\n"
    )
    assert found_by("neighbours", {"shared/toban/deploys/rules.py": source}) == []


@pytest.mark.parametrize(
    ("used", "rules", "told"),
    [
        ("toban.oncall.targets", "from toban.oncall.targets import resolve\n", ""),
        ("toban.oncall.targets", "", "which deploys does not use"),
        ("toban.incidents.act", "from toban.incidents.act import act\n", "decides nothing"),
        ("toban.incidents.nowhere", "", "which is no module"),
    ],
)
def test_what_a_domain_declares_to_use(used: str, rules: str, told: str):
    face = "shared/toban/deploys/__init__.py"
    files = {face: f"USES = {{'{used}': 'why'}}\n", "shared/toban/deploys/rules.py": rules}
    found = found_by("neighbours", files)
    assert all(v.startswith(f"{face}:") for v in found)
    assert (told in "".join(found)) if told else found == []


# --- circles ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {
                "shared/toban/deploys/a.py": "from toban.rollouts.b import B\n",
                "shared/toban/rollouts/b.py": "import toban.deploys.a as x\n",
            },
            id="two domains",
        ),
        pytest.param(
            {
                "shared/toban/deploys/plans/a.py": "from toban.deploys.work.b import B\n",
                "shared/toban/deploys/work/b.py": "def f():\n    from toban.deploys.plans import a\n",
            },
            id="two inner rooms, in a function",
        ),
        pytest.param(
            {
                "shared/toban/deploys/a.py": "from toban.deploys.b import B as b\n",
                "shared/toban/deploys/b.py": "from toban.deploys.c import C\n",
                "shared/toban/deploys/c.py": "import importlib\n"
                "importlib.import_module('toban.deploys.a')\n",
            },
            id="three modules, one by name",
        ),
    ],
)
def test_a_circle_is_found(files: dict[str, str]):
    (found,) = found_by("circles", files)
    assert found.partition(":")[0] in files
    assert all(path in found for path in files)
