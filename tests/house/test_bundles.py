"""A function's bundle: the one lock cut to what it imports, and our code beside it."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from toban.local.emulated.processes import environment_of
from toban.topology import load
from toban.topology.bundling.bundle import bundle, main, shipped
from toban.topology.bundling.deploy import command
from toban.topology.bundling.lock import (
    CannotBundleError,
    Pin,
    parse_lock,
    part,
    read_lock,
    run_part,
)
from toban.topology.bundling.requirements import distributions, requirements
from toban.topology.generate import ROOT
from toban.topology.rooms import is_domain
from toban.topology.types import Function

FUNCTIONS = load().functions


@cache
def lock() -> dict[str, Pin]:
    return run_part(read_lock(ROOT))


@cache
def imported_by(function: str) -> dict[str, str]:
    return distributions(ROOT, function, FUNCTIONS[function], lock())


@cache
def cut(function: str) -> str:
    return requirements(ROOT, function, FUNCTIONS[function])


# --- the cut of every function ---------------------------------------------------------------


@cache
def asked_for(package: str, extra: str) -> frozenset[str]:
    """What an installed package asks for by its own metadata, as ``name[extra]``."""
    found = set()
    for line in importlib.metadata.requires(package) or ():
        each = Requirement(line)
        if each.marker is None or each.marker.evaluate({"extra": extra}):
            name = each.name.lower().replace("_", "-")
            found |= {f"{name}[{of}]" for of in ("", *each.extras)}
    return frozenset(found)


def needed(packages: Iterable[str]) -> set[str]:
    """The packages and all that they ask for, by their metadata: not by the lock's notes."""
    found: set[str] = set()
    waiting = [f"{package}[]" for package in packages]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            package, _, extra = each.removesuffix("]").partition("[")
            waiting += asked_for(package, extra)
    return {each.partition("[")[0] for each in found}


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_gets_all_that_it_needs_and_nothing_else(function: str):
    pins = parse_lock(cut(function))
    assert {name: pin.lines for name, pin in pins.items()} == {n: lock()[n].lines for n in pins}
    elsewhere = {name for name in pins if ";" in pins[name].lines[0]}  # for other systems than this
    assert needed(imported_by(function)) - elsewhere == set(pins) - elsewhere
    asked = {name: lock()[name].via & set(pins) for name in elsewhere}
    assert all(asked.values())


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_cut_says_which_line_imports_a_package(function: str):
    for package, place in imported_by(function).items():
        path, _, line = place.partition(":")
        statement = (ROOT / path).read_text(encoding="utf-8").splitlines()[int(line) - 1]
        assert re.match(r"\s*(from|import) ", statement), (package, place)
        room = Path(path).parts[2].removesuffix(".py")
        assert path == f"functions/{function}/main.py" or shipped(room)


def test_a_function_gets_what_it_needs_and_no_more():
    needs = {name: set(parse_lock(cut(name))) for name in FUNCTIONS}
    assert "google-cloud-firestore" not in needs["ingest_alert"]
    assert "google-cloud-pubsub" in needs["ingest_alert"]
    assert "google-cloud-storage" in needs["draft_postmortem"]
    assert [name for name, needed in needs.items() if "slack-sdk" in needed] == [
        "deliver_notification"
    ]
    never = {"rich", "hatchling", "google-cloud-scheduler", "pyyaml", "pytest"}
    assert [name for name, needed in needs.items() if needed & never] == []


def test_a_package_missing_from_the_lock_is_named():
    without = {name: pin for name, pin in lock().items() if name != "google-cloud-pubsub"}
    with pytest.raises(CannotBundleError) as raised:
        distributions(ROOT, "ingest_alert", FUNCTIONS["ingest_alert"], without)
    for words in (
        "the function ingest_alert",
        "google.pubsub_v1",
        "pyproject.toml",
        "make lock",
    ):
        assert words in str(raised.value)
    assert str(raised.value).startswith("shared/toban/adapters/google/pubsub/bus.py:")
    with pytest.raises(CannotBundleError, match=r"no-such is not in requirements\.lock"):
        part(lock(), ["no-such"])


# --- trees of one function -------------------------------------------------------------------

Grown = Callable[..., Path]
"""A tree with one function and these files below ``shared/toban``."""

TICK = FUNCTIONS["tick"]
ENTRY = """
MODULES = {"resources": "toban.makers"}
def google():
    from toban.adapters.google.storage.blobs import Blobs
"""


@pytest.fixture
def grow(tmp_path: Path) -> Grown:
    def grown(main: str, **files: str) -> Path:
        root = tmp_path / str(len(list(tmp_path.iterdir())))
        texts = {"functions/tick/main.py": main, "shared/toban/__init__.py": ""}
        texts |= {f"shared/toban/{path.replace('__', '/')}.py": t for path, t in files.items()}
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        package = root / "shared" / "toban"
        for folder in (package, *(path for path in package.rglob("*") if path.is_dir())):
            (folder / "__init__.py").touch()
        return root

    return grown


def reached(root: Path, function: Function = TICK) -> set[str]:
    return set(distributions(root, "tick", function, lock()))


def test_an_import_counts_wherever_it_stands_but_for_the_type_checker(grow: Grown):
    imports = "from toban.a import x\n"
    assert reached(grow(imports, a="import anycrc")) == {"anycrc"}
    assert reached(grow(imports, a="def f():\n    from google.cloud import kms")) == {
        "google-cloud-kms"
    }
    assert reached(grow(imports, a='import importlib as i\ni.import_module("rich.text")')) == {
        "rich"
    }
    checked = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import rich\n"
    assert reached(grow(imports, a=checked)) == set()
    assert reached(grow(imports, a=f"{checked}else:\n    import anycrc")) == {"anycrc"}
    assert reached(grow(imports, a="import json", b="import anycrc")) == set()


def test_a_package_that_is_passed_through_is_imported(grow: Grown):
    root = grow("from toban.a.b import x", a__b="import toban.c", c="")
    (root / "shared/toban/a/__init__.py").write_text("import rich")
    (root / "shared/toban/c.py").write_text("from zoneinfo import ZoneInfo")
    assert reached(root) == {"rich", "tzdata"}


def test_kinds_and_what_stands_beside_them_are_reached_by_their_folders(grow: Grown):
    base = 'from toban.kernel import kinds as k\nk.kinds("toban.wires", object)\n'
    kinds = {"wires__red__kind": "import anycrc", "wires__red__adapter": "import rich"}
    assert reached(grow("import toban.wires.base", wires__base=base, **kinds)) == {"anycrc"}
    base += 'k.module_of_kind(object, "adapter")\n'
    assert reached(grow("import toban.wires.base", wires__base=base, **kinds)) == {"anycrc", "rich"}


def test_a_port_is_reached_by_whoever_asks_for_it(grow: Grown):
    files = {
        "entry": ENTRY,
        "makers": "import anycrc",
        "ports": 'RESOURCES: Port[str] = Port("resources")\nOTHER = Port("other")\n',
    }
    asks = "from toban.kernel.binding import BoundHandlers\nfrom toban.ports import {0}\nH = BoundHandlers(({0},), 1)"
    asking = "from toban.entry import subscriber\nfrom toban.a import H"
    assert reached(grow(asking, a=asks.format("RESOURCES"), **files)) == {"anycrc"}
    assert reached(grow(asking, a="H = 1", **files)) == set()
    with pytest.raises(CannotBundleError, match=r"toban/a.py: toban.ports.OTHER is no port"):
        reached(grow(asking, a=asks.format("OTHER"), **files))


def test_the_map_says_which_adapters_the_entry_imports(grow: Grown):
    root = grow(
        "import toban.entry",
        entry=ENTRY,
        adapters__google__storage__blobs="import google.cloud.storage",
    )
    assert reached(root) == set()
    assert reached(root, FUNCTIONS["draft_postmortem"]) == {"google-cloud-storage"}


def test_what_cannot_be_installed_or_told_is_an_error_with_its_place(grow: Grown):
    with pytest.raises(CannotBundleError) as raised:
        reached(grow("import toban.a", a="\nimport hypothesis.strategies"))
    assert str(raised.value).startswith(
        "shared/toban/a.py:2: the function tick reaches hypothesis.strategies, "
    )
    with pytest.raises(CannotBundleError, match=r"^functions/tick/main.py:1: .* reaches nowhere"):
        reached(grow("import nowhere"))
    with pytest.raises(CannotBundleError, match=r"^shared/toban/a.py:2: .*a computed name"):
        reached(grow("import toban.a", a="import importlib\nimportlib.import_module(name)"))


# --- bundles ---------------------------------------------------------------------------------

SERVE = """\
import sys, functions_framework, toban
app = functions_framework.create_app("main", "main.py").test_client()
print(app.get("/nowhere").status_code)
print("This link cannot be used" in app.get("/a?incident=x").text)
print(toban.__file__)
for module in list(sys.modules.values()):
    print(getattr(module, "__file__", None) or "")
"""


def test_a_bundle_is_complete_and_serves(tmp_path: Path):
    folder = bundle(ROOT, "ingest_action", tmp_path)
    assert (folder / "requirements.txt").read_text(encoding="utf-8") == cut("ingest_action")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    ran = subprocess.run(
        [sys.executable, "-c", SERVE],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TOBAN_RUNTIME": "google",
            "GOOGLE_CLOUD_PROJECT": "p",
            "TOBAN_SECRET_LINK_SIGNING": "0123456789abcdef0123456789abcdef",
        },
        check=True,
        capture_output=True,
        text=True,
    )
    told = [line for line in ran.stdout.splitlines() if not line.startswith("{")]
    unknown, page, where, *files = told
    assert unknown == "404"
    assert page == "True", "its templates are in the bundle"
    assert where == str(folder / "toban" / "__init__.py")
    ours = str(ROOT / "shared")
    assert [file for file in files if file.startswith(ours)] == []
    (folder / "toban" / "left_over.py").write_text("")
    assert bundle(ROOT, "ingest_action", tmp_path) == folder
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_bundle_holds_what_functions_may_reach_and_nothing_else(tmp_path: Path):
    rooms = {
        path.name.removesuffix(".py")
        for path in (bundle(ROOT, "tick", tmp_path) / "toban").iterdir()
    }
    assert {"entry", "kernel", "channels", "sources"} <= rooms
    assert rooms & {"cli", "local", "testing", "topology", "sections"} == set()
    assert all(
        room in rooms
        for room in map(_room, (ROOT / "shared" / "toban").iterdir())
        if is_domain(room) and room != "__pycache__"
    )


def _room(path: Path) -> str:
    return path.name.removesuffix(".py")


def test_bundles_are_asked_for_by_name_and_are_the_same_wherever_they_are_made(tmp_path: Path):
    ran = subprocess.run(
        [sys.executable, "-m", "toban.topology.bundling.bundle", "--into", "made", "tick", "start_backup"],
        cwd=tmp_path, env={**os.environ, "PYTHONHASHSEED": "7"}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.stdout.splitlines() == ["made/tick", "made/start_backup"]
    for folder in (tmp_path / "made").iterdir():
        assert (folder / "requirements.txt").read_text(encoding="utf-8") == cut(folder.name)


def test_a_bundle_of_no_function_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["tock"])
    assert "no function tock on the map; there are" in capsys.readouterr().err


# --- the commands that deploy them -----------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_command_that_deploys_it_says_what_the_map_says(name):
    function, topology = FUNCTIONS[name], load()
    said = command(name, function, topology)
    assert subprocess.run(["bash", "-nc", said], check=False).returncode == 0
    words = shlex.split(said.replace("\\\n", " "), comments=True)
    options = dict(word.lstrip("-").partition("=")[::2] for word in words[4:])
    assert words[:4] == ["gcloud", "functions", "deploy", name]
    assert options["source"] == f"dist/functions/{name}"
    assert options["memory"] == f"{function.memory_mb}Mi"
    assert options["timeout"] == f"{function.timeout_s}s"
    assert options["concurrency"] == str(function.concurrency)
    assert ("allow-unauthenticated" in options) == bool(function.http)
    settings = dict(each.split("=", 1) for each in options["set-env-vars"][3:].split(";"))
    # What a function is given on the emulators, it is given in the cloud.
    assert settings["TOBAN_EMITS"] == environment_of(name, function, topology)["TOBAN_EMITS"]
    assert ("TOBAN_BUCKET" in settings) == function.blobs
    for secret in function.secrets:
        fixed = f"TOBAN_SECRET_{secret}={secret}:latest"
        assert secret in said if secret.endswith("*") else fixed in options["set-secrets"]


def test_make_bundle_prints_them_and_makes_nothing(tmp_path, capsys):
    assert main(["--commands", "--into", str(tmp_path), "tick"]) == 0
    assert capsys.readouterr().out.startswith("gcloud functions deploy tick ")
    assert list(tmp_path.iterdir()) == []
