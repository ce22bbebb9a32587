"""A domain that reads clocks, dice, environment or files is found, under whatever alias."""

from __future__ import annotations

from tests.house.scratch import Trial, found_by, trials, unnoticed


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
def test_an_impure_domain_is_found(files: dict[str, str]):
    assert unnoticed("purity", files) == []


@trials(
    Trial(
        "handed on by the kernel",
        "from toban.kernel.shiny import fresh\nX = fresh()\n",
        "import toban.kernel.shiny as s\ndef f():\n    return s.fresh()\n",
    )
)
def test_what_somebody_passes_on_is_found(files: dict[str, str]):
    passes_on = {"shared/toban/kernel/shiny.py": "from uuid import uuid4 as fresh\n"}
    assert unnoticed("purity", files, passes_on) == []


def test_a_permission_that_nobody_needs_is_told():
    (found,) = found_by("purity", {"shared/toban/notify/destinations.py": "X = 1\n"})
    assert found.startswith("tests/house/purity.py: PERMITTED lists threading")


def test_what_only_looks_impure_is_not():
    source = (
        "from datetime import datetime\nfrom urllib.parse import urlencode\n"
        "def f(work, random, open):\n    return work.now, random.x, open(1), datetime(2026, 1, 1)\n"
    )
    assert found_by("purity", {"shared/toban/kettles/rules.py": source}) == []
