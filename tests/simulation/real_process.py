"""
A process that forks others, which tell the story and die.

It has all modules loaded and no database open, so that a child begins within milliseconds and
shares nothing with its siblings. One JSON object a line on stdin, one on stdout.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]


class Parent:
    """The forking process, seen from the test."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.simulation.real_process"],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": f"{REPOSITORY / 'shared'}:{REPOSITORY}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **command: Any) -> Any:
        """Let it do something, and wait for the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "failed" not in answer, answer["failed"]
        return answer

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


# --- over there ----------------------------------------------------------------------------


def _in_a_child(result: Path, job: Callable[[], Any]) -> int:
    """Do a job in a fork that writes its result to a file; its exit code."""
    result.unlink(missing_ok=True)
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        result.write_text(json.dumps(job()), "utf-8")
    except BaseException:  # noqa: BLE001 told to whoever asked
        result.write_text(json.dumps({"failed": traceback.format_exc()}), "utf-8")
        os._exit(1)
    os._exit(0)


def _tell(data: Path, snapshots: Path, story: str) -> list[dict[str, Any]]:
    """The whole story, undisturbed; a copy of the data directory before each step settles."""
    from tests.simulation.real_world import SETTINGS, RealRun

    told = []
    setting = SETTINGS[story]
    with setting.around():
        for number, step in enumerate(setting.story.steps):
            run = RealRun(data, setting=story)
            run.begin(step)
            run.close()
            shutil.copytree(data, snapshots / str(number))
            run = RealRun(data, setting=story)
            told.append(run.settle())
            run.close()
    return told


def _settle(data: Path, crash: int, defect: str, story: str) -> dict[str, Any]:
    from tests.simulation.real_defects import DEFECTS
    from tests.simulation.real_world import SETTINGS, RealRun

    with DEFECTS[defect].apply(), SETTINGS[story].around():
        run = RealRun(data, crash, story)
        found = run.settle()
        run.close()
    return found


def _crash(snapshot: Path, data: Path, crash: int, defect: str, story: str) -> dict[str, Any]:
    """Go on from a snapshot in a process that dies, and then in one that does not."""
    from tests.simulation.real_world import CRASHED

    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(snapshot, data)
    result = data.with_suffix(".json")
    code = _in_a_child(result, lambda: _settle(data, crash, defect, story))
    if code != CRASHED:
        return {"failed": f"it ended with {code} instead of dying: {_text(result)}"}
    _in_a_child(result, lambda: _settle(data, 0, defect, story))
    answer: dict[str, Any] = json.loads(_text(result))
    return answer


def _text(result: Path) -> str:
    return result.read_text("utf-8") if result.exists() else '{"failed": "no result"}'


def _answer(command: dict[str, Any]) -> Any:
    data = Path(command["data"])
    snapshots = Path(command["snapshots"])
    story = command.get("story", "incidents")
    if command["do"] == "tell":
        result = data.with_suffix(".json")
        _in_a_child(result, lambda: {"told": _tell(data, snapshots, story)})
        return json.loads(_text(result))
    snapshot = snapshots / str(command["step"])
    return _crash(snapshot, data, command["crash"], command["defect"], story)


def _main() -> None:
    from tests.simulation import real_defects, real_world  # noqa: F401 loaded before the forks
    from toban.kernel import log

    log.Settings.level = 100
    gc.collect()
    gc.freeze()  # what is loaded already stays shared with the children
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    _main()
