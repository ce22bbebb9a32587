"""
Somebody who reads a page and types what it says: the shell is real, `toban` is carried out here.

A process for each command would cost more than everything else, so ``.venv/bin/toban`` is a script
that has this process do it, with the arguments, the directory and the variables that it was given.
What ``toban dev`` serves goes on beside what follows, on a free port, until `stop`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from toban.cli import main
from toban.local import runtime

SCRIPT = """\
#!{python} -SE
import json, os, socket, sys
asked = socket.create_connection(("127.0.0.1", {port}))
words = {{"argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}}
asked.sendall(json.dumps(words).encode() + b"\\n")
answer = json.loads(asked.makefile().readline())
sys.stdout.write(answer["out"])
sys.stderr.write(answer["err"])
sys.exit(answer["code"])
"""
TAKE_ENVIRONMENT = "--environment-of-the-reader"
SERVES_WITHIN_S = 20.0


class Block(NamedTuple):
    """One fenced block of commands."""

    page: str
    chapter: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str, text: str) -> Iterator[Block]:
    """Every ``sh`` block, and of a ``console`` what stands behind its ``$``."""
    for found in re.finditer(r"(?ms)^( *)```(sh|console)\n(.*?)^ *```", text):
        before = text[: found.start()]
        chapter = (re.findall(r"(?m)^#+ (.*)", before) or [""])[-1]
        said = re.sub(rf"(?m)^{found[1]}", "", found[3])
        if found[2] == "console":
            said = "".join(f"{line}\n" for line in re.findall(r"(?m)^\$ (.*)", said))
        yield Block(page, chapter, before.count("\n") + 1, said)


_ENDS = re.compile(r"[;|&()]+")
_KEYWORDS = frozenset({"do", "done", "while", "if", "then", "else", "fi", "for", "in", "!"})
_ASSIGNED = re.compile(r"\w+=")


def commands(text: str) -> Iterator[list[str]]:
    """
    The words of each simple command; variables that are set, and where it is written to, left out.

    Words that the shell would make of others (``$(…)``) stay as they are written.
    """
    text = re.sub(r"\\\n", " ", text)
    for line in re.sub(r"\|\n", "| ", text).splitlines():
        reader = shlex.shlex(line, posix=True, punctuation_chars=";|&()<>")
        reader.whitespace_split = True
        reader.commenters = "" if "%% *" in line else "#"
        words: list[str] = []
        skip = False
        for word in [*reader, ";"]:
            if _ENDS.fullmatch(word):
                if words:
                    yield words
                words = []
            elif skip or set(word) <= {"<", ">"}:
                skip = not skip
            elif words or not (word in _KEYWORDS or word == "export" or _ASSIGNED.match(word)):
                words.append(word)


class _PerThread(io.TextIOBase):
    """Standard output of the thread that asks for one of its own; what serves beside it has the test's."""

    def __init__(self, otherwise: TextIO) -> None:
        self._otherwise = otherwise
        self._own = threading.local()

    def begin(self) -> io.StringIO:
        self._own.stream = io.StringIO()
        return self._own.stream

    def end(self) -> None:
        del self._own.stream

    def write(self, text: str) -> int:
        stream: TextIO = getattr(self._own, "stream", self._otherwise)
        return stream.write(text)


@dataclass
class Reader:
    """A directory, a shell, and what was set there so far."""

    home: Path
    environ: dict[str, str]
    stops: list[Callable[[], None]] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)
    at: Path = Path()
    """Where the shell stands."""
    streams: tuple[_PerThread, ...] = ()
    errors: str = ""
    """What the newest lines wrote to standard error, for whoever has to find out why they failed."""

    @property
    def here(self) -> Path:
        """Where `toban` is looked for."""
        return self.home / ".venv" / "bin"

    def types(self, text: str) -> tuple[int, str]:
        """Exit code and output of these lines, of which the first that fails is the last."""
        script = f"{text}\ntoban {TAKE_ENVIRONMENT}\n"
        with (
            contextlib.redirect_stdout(_PerThread(sys.stdout)) as out,
            contextlib.redirect_stderr(_PerThread(sys.stderr)) as err,
        ):
            self.streams = (out, err)
            done = subprocess.run(
                ["/bin/sh", "-ec", script],
                cwd=self.at,
                env=self.environ,
                capture_output=True,
                text=True,
                check=False,
            )
        self.errors = done.stderr
        return done.returncode, done.stdout

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one call of `toban`."""
        argv = [str(word) for word in asked["argv"]]
        if argv == [TAKE_ENVIRONMENT]:
            self.environ, self.at = dict(asked["env"]), Path(asked["cwd"])
            return {"code": 0, "out": "", "err": ""}
        os.environ.update({k: v for k, v in asked["env"].items() if k.startswith("TOBAN_")})
        os.chdir(asked["cwd"])
        if "dev" in argv:
            return self._serve(argv)
        if [word for word in argv if word in ("backups", "run")] == ["backups", "run"]:
            time.sleep(1 - time.time() % 1)  # nobody types two within the second of one slot
        out, err = (stream.begin() for stream in self.streams)
        code = main(argv)
        for stream in self.streams:
            stream.end()
        return {"code": code, "out": out.getvalue(), "err": err.getvalue()}

    def _serve(self, argv: list[str]) -> dict[str, Any]:
        data = Path(argv[argv.index("--data") + 1] if "--data" in argv else ".toban").absolute()
        codes: list[int] = []
        thread = threading.Thread(
            target=lambda: codes.append(main([*argv, "--port", "0", "--quiet"])), daemon=True
        )
        thread.start()
        self.threads.append(thread)
        deadline = time.monotonic() + SERVES_WITHIN_S
        while not (data / "dev.json").is_file() and thread.is_alive():
            assert time.monotonic() < deadline, "toban dev does not say where it answers"
            time.sleep(0.01)
        return {"code": codes[0] if codes else 0, "out": "", "err": ""}

    def stop(self) -> None:
        """End what serves, as Ctrl-C does."""
        for stop in self.stops:
            stop()
        for thread in self.threads:
            thread.join(SERVES_WITHIN_S)
            assert not thread.is_alive()
        self.stops, self.threads = [], []


@contextlib.contextmanager
def reading(home: Path, monkeypatch: Any) -> Iterator[Reader]:
    """Let somebody type in that directory."""
    reader = Reader(home, {}, at=home)

    @contextlib.contextmanager
    def until_stopped(stop: Callable[[], None]) -> Iterator[None]:
        reader.stops.append(stop)
        yield

    class Answering(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            answer = reader.answer(json.loads(self.rfile.readline()))
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    # No signals: this is not the main thread.
    monkeypatch.setattr(runtime, "stop_on_signals", until_stopped)
    monkeypatch.chdir(home)
    for name in [name for name in os.environ if name.startswith("TOBAN_")]:
        monkeypatch.delenv(name)
    before = dict(os.environ)
    with socketserver.TCPServer(("127.0.0.1", 0), Answering) as server:
        reader.here.mkdir(parents=True)
        toban = reader.here / "toban"
        toban.write_text(SCRIPT.format(python=sys.executable, port=server.server_address[1]))
        toban.chmod(0o755)
        path = f"{reader.here}:{os.environ.get('PATH', os.defpath)}"
        reader.environ = {"PATH": path, "HOME": str(home), "LANG": "C", "USER": "reader"}
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield reader
        finally:
            reader.stop()
            server.shutdown()
            thread.join()
            for name in set(os.environ) - set(before):
                del os.environ[name]
