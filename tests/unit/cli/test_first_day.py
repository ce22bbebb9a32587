"""The first day, by the commands of the README: from an empty folder to an answered alert."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toban.cli import main
from toban.local import control
from toban.topology.generate import ROOT

WAIT_S = 60.0
BEGIN = "../.venv/bin/toban "


def commands(page: str) -> tuple[list[str], list[str]]:
    """The commands of the two blocks below "Use it", without their comments."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    first = next(n for n, block in enumerate(blocks) if "toban init" in block)
    here, elsewhere = (
        [line.partition("  #")[0].strip() for line in block.splitlines()]
        for block in blocks[first : first + 2]
    )
    return here, elsewhere


def test_both_pages_begin_by_the_same_commands():
    assert commands("README.md") == commands("README.ja.md")


@pytest.fixture
def said(tmp_path):
    """What `toban dev` writes on its terminal."""
    return tmp_path / "said"


def until(said: Path, words: str) -> str:
    deadline = time.monotonic() + WAIT_S
    while words not in (text := said.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline, text
        time.sleep(0.02)
    return text


def test_from_an_empty_folder_to_an_answered_alert(tmp_path, said, monkeypatch, capsys):
    """Nothing is set but what `toban init` writes; the runtime is a process, as it would be."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("TOBAN_")]:
        monkeypatch.delenv(name)
    (init, change, dev), elsewhere = commands("README.md")
    assert (change, dev) == ("cd shop", f"{BEGIN}dev")
    assert main([*init.removeprefix(".venv/bin/toban ").split(), "--yes", "--lang", "en"]) == 0
    monkeypatch.chdir(tmp_path / "shop")

    with (
        said.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            [sys.executable, "-m", "toban.cli", "dev", "--port", "0", "--lang", "en"],
            env={**os.environ, "PYTHONPATH": str(ROOT / "shared")},
            stderr=file,
        ) as running,
    ):
        try:
            until(said, "ready: ")
            _day(said, elsewhere, capsys)
        finally:
            running.terminate()
    assert running.returncode == 0
    secrets = re.findall(r"(?m)^TOBAN_\w+=(.+)$", Path(".toban.env").read_text("utf-8"))
    whole = said.read_text(encoding="utf-8") + Path(".toban/toban.log").read_text(encoding="utf-8")
    assert len(secrets) == 3
    assert [value for value in secrets if value in whole] == []


def _day(said: Path, elsewhere: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    running = control.find(Path(".toban"))
    assert running is not None
    assert f"links in notifications lead to {running.url}" in said.read_text(encoding="utf-8")
    assert "secrets not set" not in said.read_text(encoding="utf-8")

    send, *others = (line.removeprefix(BEGIN).split() for line in elsewhere)
    assert main([*send, "--lang", "en"]) == 0
    until(said, "P1 opened: The certificate")
    for command in others:
        capsys.readouterr()
        assert main([*command, "--lang", "en"]) == 0, command
    out = capsys.readouterr().out
    assert "accepted: 1 event" in out

    profile = Path("infra/services/shop.yaml")
    text = profile.read_text(encoding="utf-8")
    profile.write_text(text.replace("level: 3", "lvel: 3"), encoding="utf-8")
    line = text[: text.index("level: 3")].count("\n") + 1
    until(said, f"infra/services/shop.yaml:{line}:")
    profile.write_text(text.replace("respond_within: 15m", "respond_within: 10m"), encoding="utf-8")
    until(said, "severities[0].respond_within: 15m → 10m")
