"""`toban completion`: a TAB offers what the parsers take, and what is open."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Desk
from toban.cli import main
from toban.cli.completion import commands
from toban.cli.completion.arguments import SHELLS
from toban.cli.completion.candidates import Candidate, candidates
from toban.cli.kit.arguments import parser


@cache
def everything() -> argparse.ArgumentParser:
    return parser("en")


def offered(line: str) -> list[str]:
    """What a TAB offers at the end of a line."""
    found = candidates(everything(), line.split(" "))
    assert isinstance(found, list)
    return [each.word for each in found]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("inc", ["incidents"]),
        ("incidents re", ["resolve", "reopen"]),
        ("--lang ja incidents re", ["resolve", "reopen"]),
        ("--lang=ja incidents re", ["resolve", "reopen"]),
        ("incidents list --stat", ["--status"]),
        ("incidents list --all --stat", ["--status"]),
        ("incidents list --status ", ["open", "acknowledged", "resolved"]),
        ("incidents list --status=re", ["--status=resolved"]),
        ("incidents list --status = re", ["resolved"]),  # as bash takes it apart
        ("incidents list --status =", ["open", "acknowledged", "resolved"]),
        ("schema ", ["profile", "team"]),
        ("schema team ", []),
        ("completion z", ["zsh"]),
        ("completion bash --", ["--data", "--services", "--lang", "--help"]),
        ("check ", [":files"]),
        ("--data ", [":directories"]),
        ("--data=", [":directories"]),
        ("nonsense ", []),
        ("dev --port ", []),
        ("--nonsense=", []),
    ],
)
def test_what_is_offered_is_what_the_parser_takes_there(line: str, found: list[str]):
    assert sorted(offered(line)) == sorted(found)


def test_every_command_and_every_option_of_it_is_offered():
    def walk(of: argparse.ArgumentParser, line: str) -> int:
        shown = {
            a.option_strings[-1] for a in of._get_optional_actions() if a.help != "==SUPPRESS=="
        }
        assert {max(o.split(), key=len) for o in offered(f"{line}-")} >= {
            name for name in shown if name.startswith("--")
        }
        groups = [a for a in of._actions if isinstance(a, argparse._SubParsersAction)]
        for group in groups:
            assert set(offered(line)) == set(group.choices)
        return 1 + sum(walk(p, f"{line}{n} ") for g in groups for n, p in g.choices.items())

    assert walk(everything(), "") > 50


def test_what_profiles_name_is_offered_where_it_is_asked_for(vault):
    def asked(*words: str) -> list[str]:
        vault.desk.capture.readouterr()
        assert main(["--data", str(vault.data), "completion", "zsh", "--answer", *words]) == 0
        return vault.desk.capture.readouterr().out.splitlines()

    assert asked("test-page", "") == ["hanako\tHanako", "taro\tTaro"]
    assert asked("test-page", "--service", "none", "") == []
    assert asked("backups", "run", "shop", "") == ["logs", "media"]
    assert asked("backups", "run", "shop", "media", "") == ["daily\t0 3 * * *", "weekly\t0 4 * * 0"]
    assert asked("backups", "list", "--source", "l") == ["logs"]
    assert asked("backups", "list", "--source", "logs", "--class", "") == ["daily\t30 3 * * *"]
    assert asked("restore", "shop", "m") == ["media"]
    assert asked("explain", "--source", "") == [], "whoever sends an alert is none of these"


@pytest.mark.parametrize("id_", ["$(id)", "`id`", "a;id", "a b", "a\tb", "a\nb", "~", "a*", "'"])
def test_what_a_shell_would_carry_out_is_not_offered(empty, monkeypatch, id_):
    offered = [Candidate("aoki", "$(id)"), Candidate(id_), Candidate("青木")]
    monkeypatch.setattr(commands, "answer", lambda *_: offered)
    empty.capture.readouterr()
    assert main(["completion", "bash", "--answer", "test-page", ""]) == 0
    assert empty.capture.readouterr().out == "aoki\t$(id)\n青木\n"


def test_two_dashes_are_the_beginning_of_every_option(empty):
    empty.capture.readouterr()
    assert main(["completion", "bash", "--answer", "explain", "--"]) == 0
    found = empty.capture.readouterr().out
    assert "--label" in found
    assert "--expect" in found


def test_ids_are_those_of_what_is_open_in_force_or_kept(desk: Desk):
    desk.alert()
    incident = desk.only()["id"]

    def asked(*words: str, data: Path | None = None) -> list[str]:
        desk.capture.readouterr()
        place = [] if data is None else ["--data", str(data)]
        assert main([*place, "--lang", "en", "completion", "zsh", "--answer", *words]) == 0
        return desk.capture.readouterr().out.splitlines()

    assert asked("incidents", "ack", "", data=desk.data) == [f"{incident}\tP1 Too many errors"]
    # What is named on the line itself counts.
    assert asked("--data", str(desk.data), "trace", "inc-") == [f"{incident}\tP1 Too many errors"]
    assert asked("--data", str(desk.data), "logs", "no-such-") == []
    assert asked("--data", str(desk.data), "incidents", "list", "--service", "") == ["shop\tShop"]
    assert asked("--data", str(desk.data / "nothing"), "incidents", "ack", "") == []
    assert asked("incidents", "ack", "--project", "p-1", "", data=desk.data) == []
    desk.run("incidents", "ack", incident)
    assert asked("incidents", "resolve", "", data=desk.data) == [f"{incident}\tP1 Too many errors"]
    desk.run("incidents", "resolve", incident)
    assert asked("incidents", "show", "", data=desk.data) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_understands_what_is_printed_for_it(empty: Desk, shell: str, tmp_path: Path):
    script = empty.run("completion", shell).out
    assert script.count(f"completion {shell} --answer") == 1
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here to read it")
    path = tmp_path / "completion"
    path.write_text(script, encoding="utf-8")
    subprocess.run([shell, "-n", str(path)], check=True)


def test_bash_completes_by_it(tmp_path: Path):
    """The whole way once: the script, bash's own words, this program, bash's own list."""
    program = tmp_path / "toban"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m toban.cli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    probe = f"""
    source <({program} completion bash)
    compopt() {{ echo "compopt $*"; }}
    COMP_WORDS=({program} incidents r) COMP_CWORD=2; _toban; echo "${{COMPREPLY[*]}}"
    COMP_WORDS=({program} --data "") COMP_CWORD=2; _toban; echo "${{COMPREPLY[*]}}"
    """
    environ = os.environ | {"LANG": "C"}
    done = subprocess.run(
        ["bash", "-c", probe], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "resolve reopen\ncompopt -o dirnames\n\n", done.stderr
