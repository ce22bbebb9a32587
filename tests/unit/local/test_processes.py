"""The processes of `toban dev --emulators` end with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toban.local.world import ROOT

RUNTIME = """
import os, sys, time
from pathlib import Path
from toban.local.emulated.processes import FunctionProcess
from toban.local.world import ROOT
environ = {**os.environ, "TOBAN_RUNTIME": "google", "GOOGLE_CLOUD_PROJECT": "nowhere"}
function = FunctionProcess("ingest_action", ROOT, environ, Path(sys.argv[1]))
function.start()
function.wait(time.monotonic() + 60)
print(function.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process so")
def test_a_function_ends_when_its_runtime_is_killed(tmp_path: Path):
    runtime = subprocess.Popen(
        [sys.executable, "-c", RUNTIME, str(tmp_path)],
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


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
