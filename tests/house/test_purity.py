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
    Trial(
        "now of a time",
        "from toban.kernel.work import Work\ndef f(work: Work):\n    return work.now.now()\n",
        "from datetime import datetime as D\ndef f(d: D):\n    clock = d.now\n    return clock()\n",
    ),
    Trial(
        "now of its class",
        "def f(d):\n    return type(d).now()\n",
        "def f(d):\n    clock = type(d).now\n    return clock()\n",
    ),
    Trial(
        "now of its class by name",
        "def f(d):\n    return getattr(type(d), 'now')()\n",
        "def f(d):\n    clock = d.__class__.now\n    return clock()\n",
    ),
    Trial(
        "now of a class below it",
        "from datetime import datetime\nclass M(datetime): ...\nclock = M.now\n",
        "from datetime import datetime\ndef f(d: 'type[datetime]'):\n    c = d.now\n    return c()\n",
    ),
    Trial(
        "under a name that is made up",
        "from datetime import datetime\nX = getattr(datetime, 'n' + 'ow')()\n",
        "from datetime import datetime\nX = [getattr(datetime, n)() for n in ('now',)]\n",
    ),
    Trial(
        "out of a namespace",
        "from datetime import datetime\nX = vars(datetime)['now']\n",
        "from datetime import datetime as d\nX = d.__dict__['now']\n",
    ),
    Trial("builtins", "X = __builtins__['open']\n", "X = globals()['__builtins__']\n"),
    Trial(
        "what an allowed module has imported",
        "import contextlib\nX = contextlib.os.environ\n",
        "from typing import sys as s\n",
    ),
    Trial(
        "keys",
        "from cryptography.fernet import Fernet\nX = Fernet.generate_key()\n",
        "from cryptography.hazmat.primitives.ciphers.aead import AESGCM as A\nX = A.generate_key\n",
    ),
    Trial(
        "today",
        "def f(d):\n    return type(d).today()\n",
        "def f(d):\n    clock = d.__class__.utcnow\n    return clock()\n",
    ),
    Trial(
        "the clock of the log",
        "from toban.kernel import log\ndef f():\n    return log.Settings.clock()\n",
        "from toban.kernel.log import Settings as S\ndef f():\n    return S.clock()\n",
    ),
    Trial("nothing used", "import random\n", "import random as r\n"),
    Trial(
        "time of email",
        "from email.utils import localtime\nX = localtime\n",
        "import email.utils as u\nX = u.make_msgid()\n",
    ),
    Trial(
        "request",
        "import urllib.request\nX = urllib.request.urlopen\n",
        "from urllib.request import urlopen as get\n",
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
    *(
        Trial(
            module, f"import {module}\nX = {module}.{name}\n", f"from {module} import {name} as n\n"
        )
        for module, name in [
            ("gzip", "open"),
            ("bz2", "open"),
            ("lzma", "open"),
            ("codecs", "open"),
            ("linecache", "getline"),
            ("zipfile", "ZipFile"),
            ("tarfile", "open"),
            ("configparser", "ConfigParser"),
            ("zstandard", "open"),
        ]
    )
)
def test_what_reads_files_under_another_name_is_found(files: dict[str, str]):
    assert unnoticed("purity", files) == []


def test_a_module_that_nobody_thought_of_is_refused():
    files = {"shared/toban/kettles/rules.py": "import this\nimport antigravity\nimport math\n"}
    assert len(found_by("purity", files)) == 2


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
        "from toban.ports import Clock\nfrom toban.kernel.handling.job import JobClaim\n"
        "class C:\n    def __init__(self, claim: JobClaim):\n        self.claim = claim\n"
        "    def g(self, clock: Clock):\n        return self.claim.now(), clock.now()\n"
        "from collections.abc import Sequence\nfrom datetime import time\n"
        "from toban.kernel.edge.row import AuthenticatedRequest as A\n"
        "def g(sent: A[datetime], names, x):\n    return sent.now, [getattr(x, n) for n in names]\n"
        "def f(work, random, open):\n    return work.now, random.x, open(1), datetime(2026, 1, 1)\n"
    )
    assert found_by("purity", {"shared/toban/kettles/rules.py": source}) == []
