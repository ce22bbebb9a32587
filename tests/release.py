"""
Before a release: the demo, and every test that needs no emulator and no server, on each Python that
the classifiers name.

``python -m tests.release [VERSION …] [-- arguments of pytest]``. A Python that is named and not here
is a failure: either it is tried, or nothing is said of it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from toban.topology.generate import ROOT

PLACE = ROOT / ".venv" / "release"
TESTS = ("-q", "-n", "auto", "--dist", "loadgroup")
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")


def classified(pyproject: str) -> list[str]:
    """The Pythons that the package says it runs on: ``3.11``, ``3.12``, …"""
    found = tomllib.loads(pyproject)["project"]["classifiers"]
    return [match[1] for each in found if (match := _CLASSIFIER.fullmatch(each))]


def interpreter(version: str, environ: Mapping[str, str]) -> str | None:
    """The path of a Python of that version that starts; None: none is here."""
    for path in _places(version, environ):
        said = subprocess.run(
            [path, "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if said.stdout.strip() == version:  # what pyenv leaves on PATH may be for another one
            return path
    return None


def _places(version: str, environ: Mapping[str, str]) -> Iterator[str]:
    for folder in environ.get("PATH", "").split(os.pathsep):
        path = Path(folder) / f"python{version}"
        if path.is_file():
            yield str(path)
    home = environ.get("PYENV_ROOT") or str(Path(environ.get("HOME", "/")) / ".pyenv")
    for path in sorted(Path(home, "versions").glob(f"{version}.*/bin/python{version}")):
        yield str(path)


def prepared(version: str, python: str, place: Path) -> Path:
    """An environment with everything the lock holds, made anew when that changes; its ``bin``."""
    lock = ROOT / "requirements.lock"
    made = place / version
    stamp = made / "made"
    wanted = hashlib.sha256(lock.read_bytes() + python.encode()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        shutil.rmtree(made, ignore_errors=True)
        _run([python, "-m", "venv", str(made)])
        _pip(made, "--require-hashes", "--requirement", str(lock))
        stamp.write_text(wanted)
    _pip(made, "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))
    return made / "bin"


def _pip(made: Path, *words: str) -> None:
    pip = [str(made / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    _run([*pip, "--quiet", *words])


def _run(words: list[str]) -> None:
    environ = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "TOBAN_REQUIRE")}
    subprocess.run(words, cwd=ROOT, env=environ, check=True)


def tried(version: str, python: str, place: Path, tests: list[str]) -> str:
    """Play the demo and run the tests; what failed, empty if nothing did."""
    began = time.monotonic()
    try:
        bin_ = prepared(version, python, place)
        with tempfile.TemporaryDirectory() as data:
            _run([str(bin_ / "toban"), "demo", "--data", data, "--lang", "en"])
        plain = ("-m", "not emulator and not server")
        _run([str(bin_ / "python"), "-m", "pytest", *plain, *tests])
    except subprocess.CalledProcessError as error:
        return f"{error.cmd[0]} {' '.join(error.cmd[1:4])} … ended with {error.returncode}"
    print(f"Python {version} ({python}): all well, {time.monotonic() - began:.0f} s", flush=True)
    return ""


def main(arguments: list[str] | None = None) -> int:
    """Try the versions named, else all: 0 when all is well, 1 with what was not."""
    parser = argparse.ArgumentParser(prog="python -m tests.release", description=__doc__)
    parser.add_argument("versions", nargs="*", metavar="VERSION")
    parser.add_argument("--into", type=Path, default=PLACE, help="where the environments are made")
    words = list(sys.argv[1:] if arguments is None else arguments)
    cut = words.index("--") if "--" in words else len(words)
    asked = parser.parse_args(words[:cut])
    said = classified((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    faults = []
    for version in asked.versions or said:
        python = interpreter(version, os.environ)
        if version not in said:
            fault = "no classifier of pyproject.toml names it"
        elif python is None:
            fault = "is not here: install it, or take its classifier out of pyproject.toml"
        else:
            fault = tried(version, python, asked.into, words[cut + 1 :] or list(TESTS))
        if fault:
            faults.append(f"Python {version}: {fault}")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
