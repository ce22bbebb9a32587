"""What is tried where: Cloud Build as CI, and each Python that is named."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tests import release
from toban.topology.generate import ROOT

PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
BUILD = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text(encoding="utf-8"))
STEPS = {step["id"]: step for step in BUILD["steps"]}


def installed(script: str) -> set[str]:
    """What it installs by apt."""
    joined = re.sub(r"\\\n\s*", " ", script)
    words = " ".join(re.findall(r"(?:apt-get install|^ *add) (.*)", joined, re.MULTILINE)).split()
    return {word for word in words if re.fullmatch(r"[a-z][a-z0-9.+-]+", word)}


def test_cloud_build_installs_and_requires_what_ci_does():
    test = STEPS["test"]
    script = test["args"][-1]
    wanted = installed(CI) - {"openjdk-17-jre-headless"}  # in the image, beside the emulators
    assert wanted >= {"redis-server", "postgresql", "prometheus", "prometheus-alertmanager"}
    assert wanted <= installed(script)
    (required,) = re.findall(r"TOBAN_REQUIRE=(\S+)", CI)
    assert test["env"] == [f"TOBAN_REQUIRE={required}"]
    assert test["name"].endswith("-emulators")
    assert "make test" in script
    assert STEPS["check"]["args"] == ["check"]
    assert re.findall(r"(?m)^make (\w+)$", CI) == ["check", "test"]


def test_the_pythons_of_the_classifiers_begin_with_the_one_that_is_required():
    versions = release.classified(PYPROJECT)
    assert versions == sorted(versions, key=lambda each: int(each.partition(".")[2]))
    project = tomllib.loads(PYPROJECT)["project"]
    assert project["requires-python"] == f">={versions[0]}"


def program(folder: Path, version: str, said: str) -> Path:
    folder.mkdir(parents=True)
    path = folder / f"python{version}"
    path.write_text(f"#!/bin/sh\n{said}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_python_is_one_that_starts_and_is_of_that_version(tmp_path: Path):
    program(tmp_path / "shims", "3.12", "echo 'pyenv: not installed' >&2; exit 127")
    program(tmp_path / "other", "3.12", "echo 3.11")
    environ = {"PATH": f"{tmp_path / 'shims'}:{tmp_path / 'other'}", "PYENV_ROOT": str(tmp_path)}
    assert release.interpreter("3.12", environ) is None
    found = program(tmp_path / "versions" / "3.12.1" / "bin", "3.12", "echo 3.12")
    assert release.interpreter("3.12", environ) == str(found)


def test_a_python_that_is_named_and_not_here_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr(release, "interpreter", lambda version, environ: None)
    assert release.main([]) == 1
    assert "Python 3.11: is not here" in capsys.readouterr().err
    assert release.main(["3.9"]) == 1
    assert "no classifier" in capsys.readouterr().err


@pytest.mark.parametrize("fails", ["demo", "pytest", ""])
def test_what_failed_is_said_and_nothing_after_it_runs(monkeypatch, capsys, fails: str):
    ran: list[str] = []

    def run(words: list[str]) -> None:
        ran.append(next(word for word in words if word in ("demo", "pytest")))
        if ran[-1] == fails:
            raise release.subprocess.CalledProcessError(7, words)

    monkeypatch.setattr(release, "interpreter", lambda version, environ: "python")
    monkeypatch.setattr(release, "prepared", lambda version, python, place: Path("bin"))
    monkeypatch.setattr(release, "_run", run)
    assert release.main(["3.11"]) == (1 if fails else 0)
    assert ran == (["demo"] if fails == "demo" else ["demo", "pytest"])
    said = capsys.readouterr()
    assert ("ended with 7" in said.err) == bool(fails)
    assert ("all well" in said.out) != bool(fails)
