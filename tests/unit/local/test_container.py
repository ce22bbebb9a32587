"""The recipe of the container image, as far as it can be read without a builder."""

from __future__ import annotations

import fnmatch
import re
import subprocess
import sys
from pathlib import Path

from tests.container import FOLDER, command_line, copied, health_check, instructions, said
from toban.cli.kit.arguments import parser
from toban.topology.generate import ROOT


def test_everything_that_is_copied_is_there_and_reaches_the_builder():
    assert [name for name in copied() if not (ROOT / name).exists()] == []
    lines = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert sorted(rule[1:] for rule in rules if rule.startswith("!")) == sorted(copied())
    assert not any(fnmatch.fnmatch(name, rule) for name in copied() for rule in rules[1:])


def test_what_the_wheel_is_made_of_is_copied():
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (line,) = re.findall(r"(?m)^only-include = \[(.*)\]$", pyproject)
    wanted = {part.strip(' "').partition("/")[0] for part in line.split(",")}
    assert {*wanted, "pyproject.toml", "LICENSE", "requirements.lock"} == set(copied())


def test_requirements_are_the_locked_ones_and_it_is_not_root():
    (install,) = (rest for rest in said("RUN") if "--require-hashes" in rest)
    script = next(word for word in install.split() if word.endswith("lock.py"))
    cut = subprocess.run(
        [sys.executable, "-I", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert {"msgspec", "hatchling"} <= set(re.findall(r"(?m)^(\S+)==", cut))
    assert all("--hash=sha256:" in part for part in re.split(r"(?m)^\S+==", cut)[1:])
    assert instructions().index(("USER", "10001")) < [i[0] for i in instructions()].index("CMD")
    assert "--uid 10001" in said("RUN")[-1]
    images = [rest.split()[0] for rest in said("FROM")]
    assert images == ["${PYTHON}", "${PYTHON}"]
    assert re.fullmatch(r"PYTHON=python:3\.11\.\d+-slim-bookworm", said("ARG")[0])


def test_every_script_is_shell():
    for script in said("RUN"):
        subprocess.run(["sh", "-n", "-c", script], check=True)


def test_what_it_runs_is_a_command_line_of_ours():
    program, *words = command_line()
    asked = parser("en").parse_args(words)
    assert (program, asked.command, asked.host, asked.port) == ("toban", "dev", "0.0.0.0", 8080)
    assert (asked.data, asked.services) == (Path("/data"), Path("/profiles/services"))
    assert said("VOLUME") == ["/data"]
    assert said("EXPOSE") == [str(asked.port)]
    assert f"127.0.0.1:{asked.port}/healthz" in health_check()[-1]
