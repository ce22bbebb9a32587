"""Templates: every value is escaped, a missing one is an error, and they travel with the package."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import jinja2
import pytest

from toban.kernel.templates import render
from toban.topology.generate import ROOT

PAGE = {"language": "en", "title": "T", "more": "m"}


def test_every_value_is_escaped():
    page = render("toban.actions", "message.html", **{**PAGE, "more": "<img src=x onerror='1'>"})
    assert "<img" not in page
    assert "&lt;img src=x onerror=&#39;1&#39;&gt;" in page


def test_what_looks_like_a_template_is_text():
    assert "{{ 7*7 }}" in render("toban.actions", "message.html", **{**PAGE, "more": "{{ 7*7 }}"})


def test_a_value_that_nobody_gives_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="'more' is undefined"):
        render("toban.actions", "message.html", language="en", title="T")


def test_templates_are_in_the_wheel_and_found_there(tmp_path: Path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if "/templates/" in name}
    shared = ROOT / "shared"
    there = {str(p.relative_to(shared)) for p in shared.rglob("templates/*") if p.is_file()}
    assert packed == there != set()
    zipfile.ZipFile(wheel).extractall(tmp_path / "bundle")
    program = (
        "from toban.actions.html import message\n"
        "import toban\n"
        "print(toban.__file__, message(403, 'en', 'refused').body.decode())"
    )
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "bundle")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.startswith(str(tmp_path / "bundle"))
    assert "This link cannot be used" in ran.stdout
