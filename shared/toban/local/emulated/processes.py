"""A deployed function on this machine: ``main.py`` behind functions-framework."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from toban.local.emulated import emulators
from toban.local.emulated.forks import BOUND, Forked, Forks
from toban.topology.types import Function, Topology

_BEGIN = f"""{BOUND}
bound(int(sys.argv.pop(1)))
runpy.run_module("functions_framework", run_name="__main__", alter_sys=True)
"""


class NotStartedError(Exception):
    """A function's process did not come up; the message has the end of its log."""


class FunctionProcess:
    """
    One function behind functions-framework, in a process group of its own.

    It ends with the thread that started it (on Linux), so that `kill -9` leaves nothing behind.
    """

    def __init__(
        self,
        name: str,
        root: Path,
        environ: Mapping[str, str],
        log_dir: Path,
        forks: Forks | None = None,
    ) -> None:
        """
        Starts at `start`, as one of `forks` where there are some.

        `environ`: the whole environment of the process.
        """
        self.name = name
        self.port = emulators.free_port()
        self.log_path = log_dir / f"{name}.log"
        self._arguments = [
            *("--target", "main", "--source", str(root / "functions" / name / "main.py")),
            *("--host", emulators.HOST, "--port", str(self.port)),
        ]
        self._environ = dict(environ)
        self._forks = forks
        self._process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{emulators.HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The process (gunicorn's master), also the number of its group."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; does not wait."""
        if self._forks is not None:
            with contextlib.suppress(OSError):
                self._process = self._forks.start(
                    self.name, self._arguments, self._environ, self.log_path
                )
                return
            self._forks = None
        with self.log_path.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BEGIN, str(os.getpid()), *self._arguments],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_running(self) -> bool:
        """Return whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def wait(self, deadline: float) -> None:
        """Wait until it answers HTTP; raises `NotStartedError`. `deadline`: monotonic seconds."""
        while True:
            if not self.is_running():
                raise NotStartedError(f"{self.name} ended: {self._tail()}")
            connection = http.client.HTTPConnection(emulators.HOST, self.port, timeout=5)
            try:
                connection.request("GET", "/")
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline:
                    raise NotStartedError(f"{self.name} does not answer: {self._tail()}") from None
                time.sleep(0.1)
            else:
                return
            finally:
                connection.close()

    def signal(self, number: int) -> None:
        """Send a signal to its whole group."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def stop(self, seconds: float) -> None:
        """Wait for its end (after a `signal`), and kill what is left then."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.signal(signal.SIGKILL)
        self._process.wait()

    def _tail(self) -> str:
        lines = self.log_path.read_text("utf-8", "replace").splitlines()
        return " / ".join(lines[-4:])[-600:]


def environment_of(name: str, function: Function, topology_: Topology) -> dict[str, str]:
    """Return what Terraform sets for a function in the cloud, from the map."""
    return {
        "TOBAN_EMITS": ",".join(sorted(topology_.emitted_by(name))),
        "WORKERS": "1",
        "THREADS": str(min(function.concurrency, 8)),
        "K_REVISION": f"{name}-local",
    }
