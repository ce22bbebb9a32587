"""
The command as people install it: a wheel in an empty environment, run in an empty folder.

What it depends on is lent from this environment, so that nothing is fetched; the checkout is not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import container
from toban.topology.place import PACKAGE, SHIPPED, is_checkout, root
from toban.topology.reader import load

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Installed:
    """`toban` in an environment of its own, and an empty folder to run it in."""

    bin: Path
    folder: Path
    wheel: Path

    def environ(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "TOBAN_"))}
        return kept | {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "LANG": "C.UTF-8",
        }

    def run(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            words, cwd=self.folder, env=self.environ(), capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    @contextmanager
    def dev(self) -> Iterator[str]:
        """The command of the container image, with this folder in place of its own; its address."""
        here = {"/data": ".toban", "/profiles/services": "infra/services"}
        here |= {"8080": "0", "0.0.0.0": "127.0.0.1"}
        command = [here.get(word, word) for word in container.command_line()]
        command = [str(self.bin / command[0]), *command[1:], "--quiet"]
        process = subprocess.Popen(command, cwd=self.folder, env=self.environ())
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not (self.folder / ".toban" / "dev.json").is_file():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield json.loads((self.folder / ".toban" / "dev.json").read_text())["url"]
        finally:
            process.terminate()
            assert process.wait(PATIENCE_S) == 0


def python(*words: str, cwd: Path) -> None:
    subprocess.run([sys.executable, *words], cwd=cwd, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("wheel")
    python("-m", "hatchling", "build", "-t", "wheel", "-d", str(place), cwd=root())
    (wheel,) = place.glob("*.whl")
    venv.EnvBuilder(symlinks=True).create(place / "env")
    interpreter = place / "env" / "bin" / "python"
    paths = {"base": str(place / "env"), "platbase": str(place / "env")}
    site = Path(sysconfig.get_path("purelib", "venv", paths))
    # Of what lies there, .pth files (the editable install of this checkout) are not read.
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = ("pip", "--disable-pip-version-check", "--python", str(interpreter), "install")
    quick = ("--quiet", "--no-deps", "--no-index", "--no-compile", "--ignore-installed")
    python("-m", *pip, *quick, str(wheel), cwd=place)
    folder = place / "empty"
    folder.mkdir()
    return Installed(interpreter.parent, folder, wheel)


def test_a_first_day_from_init_to_an_acknowledged_alert_needs_no_checkout(installed: Installed):
    about = ("--name", "Shop", "--zone", "Asia/Tokyo", "--person", "Hanako <hanako@example.jp>")
    installed.run("toban", "init", "--yes", *about)
    assert "no errors" in installed.run("toban", "check")
    with installed.dev() as url:
        check = (word.replace("http://127.0.0.1:8080", url) for word in container.health_check())
        installed.run(*check)
        assert "accepted" in installed.run(
            "toban", "send", "generic", "--service", "shop", "--set", "severity=critical"
        )
        deadline = time.monotonic() + PATIENCE_S
        while not json.loads(installed.run("toban", "incidents", "list", "--json")):
            assert time.monotonic() < deadline
        installed.run("toban", "incidents", "ack", "--as", "hanako")
        (incident,) = json.loads(installed.run("toban", "incidents", "list", "--json"))
        assert (incident["status"], incident["assignee"]) == ("acknowledged", "hanako")
    assert "open_incident: event handled" in installed.run("toban", "logs", incident["id"])


def test_what_it_reads_is_its_own(installed: Installed):
    code = (
        "from toban.topology import place; from toban.actions.html import message\n"
        "print(place.PACKAGE, place.ROOT, place.is_checkout())\n"
        "print(message(403, 'en', 'refused').body.decode())"  # from a template beside the code
    )
    first, _, page = installed.run("python", "-c", code).partition("\n")
    package, files, checkout = first.split()
    assert "This link cannot be used" in page
    assert Path(package).is_relative_to(installed.bin.parent)
    assert (Path(files), checkout) == (Path(package) / SHIPPED, "False")
    assert '"starts_at"' in installed.run("toban", "send", "alert-fired", "--show")
    said = installed.run("toban", "new", "function", "boil_kettle", "--on", "alert-fired", code=1)
    assert "checkout" in said


def test_the_wheel_holds_what_the_map_names_and_nothing_of_tests(installed: Installed):
    with zipfile.ZipFile(installed.wheel) as archive:
        names = set(archive.namelist())
    functions = {f"toban/{SHIPPED}/functions/{name}/main.py" for name in load().functions}
    samples = {
        f"toban/{SHIPPED}/events/samples/{topic.event}.json" for topic in load().topics.values()
    }
    of_package = {
        f"toban/{path.relative_to(PACKAGE).as_posix()}"
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {*functions, *samples, *of_package, f"toban/{SHIPPED}/events/topology.yaml"} <= names
    assert f"toban/{SHIPPED}/infra/teams/platform.yaml" in names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"toban", next(top for top in tops if top.endswith(".dist-info"))}


def test_a_package_with_shipped_files_reads_those(tmp_path: Path):
    package = tmp_path / "shared" / "toban"
    package.mkdir(parents=True)
    assert root(package) == tmp_path
    assert is_checkout(root(package))
    (package / SHIPPED).mkdir()
    assert root(package) == package / SHIPPED
    assert not is_checkout(root(package))
