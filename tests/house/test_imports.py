"""
What a function imports is what its requirements install: its ``main.py`` is really imported.

The requirements are made from what its code says it imports; here a process says what it imported. That
takes a while; so what a process said is remembered in pytest's cache for as long as nothing that it read
has changed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from toban.topology import load
from toban.topology.bundling.lock import parse_lock
from toban.topology.bundling.requirements import requirements
from toban.topology.generate import ROOT

FUNCTIONS = load().functions
PACKAGE = ROOT / "shared" / "toban"
IMPORTS = """\
import importlib, importlib.util, json, os, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
for main in map(str.rstrip, sys.stdin):
    if (child := os.fork()) == 0:
        importlib.invalidate_caches()
        spec = importlib.util.spec_from_file_location("main", main)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
        print(json.dumps([*files, str("zoneinfo" in sys.modules)]), flush=True)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print("[]", flush=True)
"""


EVERYWHERE = ("toban.entry", "toban.adapters.google.pubsub.bus")
"""What every function imports: imported once for all of them."""
STARTED: list[subprocess.Popen[str]] = []


@cache
def process(package: Path) -> subprocess.Popen[str]:
    """One that imports each ``main.py`` it is told in a copy of itself; it ends with this one."""
    environment = {**os.environ, "TOBAN_RUNTIME": "google", "PYTHONPATH": str(package.parent)}
    before = EVERYWHERE if (package / "entry.py").is_file() else ()
    started = subprocess.Popen(
        [sys.executable, "-c", IMPORTS, *before],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    STARTED.append(started)
    return started


def imported(main: Path) -> list[str]:
    """The file of each module that a process has which imported nothing else; then, whether zones."""
    asked = process(PACKAGE)
    assert asked.stdin is not None
    assert asked.stdout is not None
    asked.stdin.write(f"{main}\n")
    asked.stdin.flush()
    files: list[str] = json.loads(asked.stdout.readline())
    assert files, f"{main} cannot be imported"
    return files


@pytest.fixture(scope="module", autouse=True)
def _end() -> Iterator[None]:
    yield
    process.cache_clear()
    while STARTED:
        with STARTED.pop() as ended:
            assert ended.stdin is not None
            ended.stdin.close()


def digest(main: Path, said: Iterable[str]) -> str:
    """Of all that decides what a process says: our files that it read, and which there are at all."""
    told = [sys.version, IMPORTS, *EVERYWHERE, *_surroundings()]
    own = sorted({str(main), *(file for file in said if file.startswith(str(PACKAGE)))})
    for file in own:
        path = Path(file)
        told += [file, path.read_text(encoding="utf-8") if path.is_file() else ""]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


@cache
def _surroundings() -> list[str]:
    """Our modules, and what is installed, with versions."""
    modules = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))
    return [*modules, *sorted(path.name for path in Path(sysconfig.get_path("purelib")).iterdir())]


def remembered(main: Path, memory: pytest.Cache) -> list[str]:
    """As `imported`, by a process only if something has changed since the last one."""
    key = f"toban/imports/{main.parent.name}"
    proof, said = memory.get(key, ("", []))
    if proof != digest(main, said):
        said = imported(main)
        memory.set(key, (digest(main, said), said))
    return list(said)


@cache
def owners() -> dict[str, str]:
    """Which package each installed file belongs to."""
    found = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"].lower().replace("_", "-")
        base = str(distribution.locate_file(""))
        for line in (distribution.read_text("RECORD") or "").splitlines():
            found[f"{base}/{line.rsplit(',', 2)[0]}"] = name
    return found


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_imports_only_what_its_requirements_install(
    function: str, pytestconfig: pytest.Config
):
    folder = ROOT / "functions" / function
    assert pytestconfig.cache is not None
    *files, zones = remembered(folder / "main.py", pytestconfig.cache)
    names = {owners()[file] for file in files if file in owners()}
    installed = set(parse_lock(requirements(ROOT, function, FUNCTIONS[function])))
    assert "functions-framework" in names
    assert names - {"toban", "pip", "setuptools"} <= installed
    if zones == "True":
        assert "tzdata" in installed, "time zones must not depend on the image"


class Memory(dict[str, object]):
    """pytest's cache, for a test of it."""

    def set(self, key: str, value: object) -> None:
        self[key] = value


def test_what_was_imported_is_asked_again_once_anything_it_read_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package, main = tmp_path / "toban", tmp_path / "kettles" / "main.py"
    package.mkdir()
    main.parent.mkdir()
    helper, other = package / "helper.py", package / "other.py"
    for path in (package / "__init__.py", helper, other):
        path.write_text("")
    main.write_text("import toban.helper\n")
    module = sys.modules[__name__]
    monkeypatch.setattr(module, "PACKAGE", package)
    asked: list[Path] = []
    really = imported
    monkeypatch.setattr(module, "imported", lambda path: asked.append(path) or really(path))
    memory = Memory()

    def again() -> list[str]:
        _surroundings.cache_clear()
        return [Path(file).name for file in remembered(main, memory) if str(package) in file]

    assert again() == again() == ["__init__.py", "helper.py"]
    assert len(asked) == 1
    other.write_text("import yaml\n")  # nothing that was read
    again()
    assert len(asked) == 1
    helper.write_text("import toban.other\n")
    assert again() == ["__init__.py", "other.py", "helper.py"]
    (package / "helper").mkdir()  # a module may hide another one
    (package / "helper" / "__init__.py").write_text("")
    assert "other.py" not in again()
    main.write_text("")
    assert again() == []
    assert len(asked) == 4
    _surroundings.cache_clear()
