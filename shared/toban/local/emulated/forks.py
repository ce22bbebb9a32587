"""
A process that has imported what every function imports, and begins functions as forks of itself.

Google's libraries are most of what a function's start costs; so they are imported once for all. Our own
code is not: each function imports it by itself, as it stands then.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

LIBRARIES: Final = (
    "functions_framework._http.gunicorn",
    "google.cloud.firestore_v1",
    "google.pubsub_v1",
    "gunicorn.workers.gthread",
)
"""Imported before the first fork: what is missing here only costs time."""

BOUND: Final = """
import ctypes, json, os, runpy, signal, socket, sys

def bound(parent):
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1  # prctl(2): whoever started us is gone, however it ended
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit("whoever started this process is gone")
"""

_SERVE = f"""{BOUND}
bound(int(sys.argv[1]))
asked, own = socket.socket(fileno=int(sys.argv[2])), os.getpid()
for library in sys.argv[3:]:
    __import__(library)
lines = asked.makefile("r")
while line := lines.readline():
    if os.fork():
        continue
    wanted = json.loads(line)
    os.setsid()
    bound(own)
    if sys.platform == "linux":
        PR_SET_NAME = 15  # what top shows; ps has the arguments of the process that forks
        ctypes.CDLL(None).prctl(PR_SET_NAME, wanted["name"].encode())
    output = os.open(wanted["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.environ.clear()
    os.environ.update(wanted["environ"])
    asked.sendall(b"%d\\n" % os.getpid())
    lines.close()
    asked.close()
    sys.argv = ["functions_framework", *wanted["arguments"]]
    runpy.run_module("functions_framework", run_name="__main__", alter_sys=True)
    sys.exit()
"""


class Forked:
    """A process that is not ours to wait for; the part of `subprocess.Popen` that is needed."""

    def __init__(self, pid: int) -> None:
        """It stays a zombie for as long as the process that forked it, so its number stays its own."""
        self.pid = pid
        self._file = os.pidfd_open(pid)
        weakref.finalize(self, os.close, self._file)

    def _ended(self, milliseconds: float | None) -> bool:
        end = select.poll()  # of its own: many threads may ask at once
        end.register(self._file, select.POLLIN)
        return bool(end.poll(milliseconds))

    def poll(self) -> int | None:
        """None while it runs."""
        return 0 if self._ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises `subprocess.TimeoutExpired`. `timeout`: seconds."""
        if not self._ended(None if timeout is None else timeout * 1000):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return 0


class Forks:
    """Begins functions; ends with the thread that made it, and with it all that it began."""

    def __init__(self, environ: Mapping[str, str], log_path: Path) -> None:
        """`environ`: what libraries look at when they are imported."""
        self._asked, theirs = socket.socketpair()
        with theirs, log_path.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, str(os.getpid()), str(theirs.fileno()), *LIBRARIES],
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[theirs.fileno()],
            )
        self._pids = self._asked.makefile("r")

    def start(
        self, name: str, arguments: Sequence[str], environ: Mapping[str, str], log: Path
    ) -> Forked:
        """Begin functions-framework; raises `OSError` when the process that forks has ended."""
        wanted = {
            "name": name,
            "arguments": arguments,
            "environ": dict(environ),
            "log": str(log.absolute()),
        }
        self._asked.sendall(f"{json.dumps(wanted)}\n".encode())
        pid = self._pids.readline()
        if not pid:
            raise OSError("the process that begins functions has ended")
        return Forked(int(pid))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pids.close()
        self._asked.close()
        self._process.wait()
