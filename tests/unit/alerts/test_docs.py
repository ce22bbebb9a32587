"""The pages about the ingress say what the code does."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.security.desk import KEY, Desk
from toban.adapters.local.memory.store import MemorySecrets
from toban.alerts.generic import FIELDS
from toban.alerts.ingress import ingest
from toban.kernel.edge.http import Request

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ["ingress.md", "ingress.ja.md"]


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_every_path_and_secret_is_there(name):
    for path, way in ingest.by_path.items():
        assert f"| `{path}` | `{way.secret}` |" in page(name)


@pytest.mark.parametrize("name", PAGES)
def test_the_table_of_the_generic_format_is_complete(name):
    table = re.findall(r"^\| `(\w+)` \|", page(name), re.MULTILINE)
    assert sorted(table) == sorted(FIELDS)


# Stands in for openssl where it is not installed; test_generic has what the real one prints.
OPENSSL = """#!{python}
import hashlib, hmac, sys
assert sys.argv[1:4] == ["dgst", "-sha256", "-hmac"], sys.argv
body = sys.stdin.buffer.read()
print("SHA2-256(stdin)=", hmac.new(sys.argv[4].encode(), body, hashlib.sha256).hexdigest())
"""


@pytest.mark.parametrize("name", PAGES)
def test_the_shell_example_is_accepted(name, tmp_path):
    if shutil.which("openssl") is None:
        stand_in = tmp_path / "openssl"
        stand_in.write_text(OPENSSL.format(python=sys.executable))
        stand_in.chmod(0o755)
    script = page(name).partition("```sh\n")[2].partition("```")[0]
    # curl becomes printf: what it would send is handed to the ingress.
    prepared = script.partition("curl ")[0] + 'printf "%s\\n%s" "t=$t,v1=$mac" "$body"\n'
    desk = Desk()
    prepared = prepared.replace("$(date +%s)", str(int(desk.clock.now().timestamp())))
    done = subprocess.run(
        ["sh", "-euc", prepared],
        env={"INGEST_GENERIC": KEY, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        check=True,
    )
    signature, _, body = done.stdout.partition(b"\n")
    headers = {"content-type": "application/json", "x-toban-signature": signature.decode()}
    response = desk.send(Request("POST", "/generic", {}, headers, body))
    assert response.status == 200, response.body
    assert desk.published[0].body.title == "Export is late"


@pytest.mark.parametrize("name", PAGES)
def test_the_table_of_answers_has_what_is_answered_without_a_secret(name):
    desk = Desk()
    desk.secrets = MemorySecrets({})
    desk.edge = dataclasses.replace(desk.edge, secrets=desk.secrets)
    answer = desk.send(Request("POST", "/generic", {}, {}, b"{}"))
    assert answer.status == 503
    assert f"| 503 | `{json.dumps(json.loads(answer.body))}` |" in page(name)
