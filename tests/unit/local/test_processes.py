"""The processes of `toban dev --emulators` end with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from toban.local.emulated.forks import Forked, Forks
from toban.local.emulated.processes import FunctionProcess
from toban.local.world import ROOT

RUNTIME = """
import os, sys, time
from pathlib import Path
from toban.local.emulated.forks import Forks
from toban.local.emulated.processes import FunctionProcess
from toban.local.world import ROOT
environ = {**os.environ, "TOBAN_RUNTIME": "google", "GOOGLE_CLOUD_PROJECT": "nowhere"}
folder = Path(sys.argv[1])
forks = Forks(environ, folder / "forks.log") if sys.argv[2] == "forks" else None
function = FunctionProcess("ingest_action", ROOT, environ, folder, forks)
function.start()
function.wait(time.monotonic() + 60)
print(function.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process so")
@pytest.mark.parametrize("how", ["forks", "alone"])
def test_a_function_ends_when_its_runtime_is_killed(how: str, tmp_path: Path):
    runtime = subprocess.Popen(
        [sys.executable, "-c", RUNTIME, str(tmp_path), how],
        env={**os.environ, "PYTHONPATH": str(ROOT / "shared")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert runtime.stdout is not None
    function = int(runtime.stdout.readline())
    assert is_running(function)

    runtime.send_signal(signal.SIGKILL)
    runtime.communicate()

    deadline = time.monotonic() + 30
    while is_running(function):
        assert time.monotonic() < deadline, "the function goes on"
        time.sleep(0.05)


MAIN = """
import os, functions_framework
@functions_framework.http
def main(request):
    print("asked", os.environ["NAME"], flush=True)
    return f"{os.environ['NAME']} {os.environ.get('LEFT')} TEXT"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_functions_are_forks_with_code_environment_and_log_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LEFT", "of the process that forks")
    own = {name: value for name, value in os.environ.items() if name != "LEFT"}
    with Forks(os.environ, tmp_path / "forks.log") as forks:
        made = [_function(tmp_path, name, own, forks) for name in ("one", "two")]
        for function in made:
            function.start()
        assert [_answer(function) for function in made] == ["one None TEXT", "two None TEXT"]
        one, two = made
        assert one.pid != two.pid
        assert os.getsid(one.pid) == one.pid
        assert one.log_path.read_text().splitlines()[-1] == "asked one"

        one.signal(
            signal.SIGKILL
        )  # as a crash does; then it is begun anew, by the code as it is now
        one.stop(30)
        assert not one.is_running()
        assert two.is_running()
        (tmp_path / "functions" / "one" / "main.py").write_text(MAIN.replace("TEXT", "made anew"))
        one.start()
        assert _answer(one) == "one None made anew"
        for function in made:
            function.signal(signal.SIGTERM)
            function.stop(30)
        assert not any(function.is_running() for function in made)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
def test_a_function_begins_by_itself_once_nothing_can_fork(tmp_path: Path):
    forks = Forks(os.environ, tmp_path / "forks.log")
    with forks:
        pass
    function = _function(tmp_path, "one", dict(os.environ), forks)
    function.start()
    assert _answer(function) == "one None TEXT"
    function.signal(signal.SIGTERM)
    function.stop(30)


def _function(root: Path, name: str, environ: dict[str, str], forks: Forks) -> FunctionProcess:
    folder = root / "functions" / name
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(MAIN)
    return FunctionProcess(name, root, {**environ, "NAME": name}, root, forks)


def _answer(function: FunctionProcess) -> str:
    function.wait(time.monotonic() + 60)
    with urllib.request.urlopen(function.url, timeout=30) as answer:
        return answer.read().decode()


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="functions are forked on Linux alone")
def test_many_may_ask_at_once_whether_a_function_runs():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        forked = Forked(process.pid)
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(lambda: {forked.poll() for _ in range(500)}) for _ in range(8)]
        assert [one.result() for one in asked] == [{None}] * 8
        process.kill()
        assert forked.wait(10) == 0
