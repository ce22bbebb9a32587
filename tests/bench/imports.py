"""What the time before the first event is spent on: imports, by whose they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence

from tests.bench.report import median
from toban.local.world import ROOT

_GROUPS = {
    "framework": (
        "functions_framework flask werkzeug jinja2 markupsafe click cloudevents gunicorn blinker"
        " itsdangerous watchdog deprecation packaging starlette uvicorn"
    ),
    "google+grpc": (
        "google grpc proto cryptography requests urllib3 charset_normalizer certifi idna"
        " pyasn1 pyasn1_modules cffi _cffi_backend opentelemetry google_crc32c"
    ),
    "msgspec": "msgspec",
    "toban": "toban",
}
_OF = {name: group for group, names in _GROUPS.items() for name in names.split()}
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
_ROUNDS = 3

_PROGRAM = """
import sys
import functions_framework._cli, functions_framework._http, gunicorn.app.base
import gunicorn.workers.gthread
if len(sys.argv) > 1:
    import runpy
    runpy.run_path(sys.argv[1])
"""


def explain(functions: Sequence[str]) -> list[str]:
    """One line for each function (``""``: the empty one): milliseconds by group, medians."""
    lines = []
    for name in functions:
        rounds = [_once(name) for _ in range(_ROUNDS)]
        groups = (*_GROUPS, "standard library")
        parts = [f"{g} {median([r[g] for r in rounds]) / 1000:.0f}" for g in groups]
        total = median([sum(r.values()) for r in rounds]) / 1000
        lines.append(f"Imports of {name or 'the empty one'}: {total:.0f} ms: {', '.join(parts)}")
    return lines


def _once(function: str) -> Counter[str]:
    source = [str(ROOT / "functions" / function / "main.py")] if function else []
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", _PROGRAM, *source],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "shared"),
            "TOBAN_RUNTIME": "google",
            "GOOGLE_CLOUD_PROJECT": "bench",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    spent: Counter[str] = Counter()
    for line in result.stderr.splitlines():
        if match := _LINE.match(line):
            top = match[2].partition(".")[0]
            spent[_OF.get(top, "standard library")] += int(match[1])
    return spent
