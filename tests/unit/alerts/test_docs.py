"""The pages about the ingress say what the code does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.security.desk import KEY, Desk
from toban.alerts.generic import FIELDS
from toban.alerts.ingress import _WAYS
from toban.kernel.http import Request

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ["ingress.md", "ingress.ja.md"]


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_every_path_and_secret_is_there(name):
    for path, way in _WAYS.items():
        assert f"| `{path}` | `{way.secret}` |" in page(name)


@pytest.mark.parametrize("name", PAGES)
def test_the_table_of_the_generic_format_is_complete(name):
    table = re.findall(r"^\| `(\w+)` \|", page(name), re.MULTILINE)
    assert sorted(table) == sorted(FIELDS)


@pytest.mark.parametrize("name", PAGES)
def test_the_shell_example_is_accepted(name):
    script = page(name).partition("```sh\n")[2].partition("```")[0]
    assert shutil.which("openssl"), "the example needs openssl"
    # curl becomes printf: what it would send is handed to the ingress.
    prepared = script.partition("curl ")[0] + 'printf "%s\\n%s" "t=$t,v1=$mac" "$body"\n'
    desk = Desk()
    prepared = prepared.replace("$(date +%s)", str(int(desk.clock.now().timestamp())))
    done = subprocess.run(
        ["sh", "-euc", prepared],
        env={"INGEST_GENERIC": KEY, "PATH": "/usr/bin:/bin:/usr/local/bin"},
        capture_output=True,
        check=True,
    )
    signature, _, body = done.stdout.partition(b"\n")
    headers = {"content-type": "application/json", "x-toban-signature": signature.decode()}
    response = desk.send(Request("POST", "/generic", {}, headers, body))
    assert response.status == 200, response.body
    assert desk.published[0].body.title == "Export is late"
