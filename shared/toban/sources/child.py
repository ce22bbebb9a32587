"""Programs whose input or output is a stream (``pg_dump``, ``pg_restore``, ``redis-check-rdb``)."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Self

TAIL = 4_000
"""Bytes of a program's complaints that are kept."""

IDLE_S = 300.0
"""A program that neither gives nor takes anything for so long hangs (a lock, a dead server)."""

_BLOCK = 1 << 16


class ProgramStuck(Exception):
    """The program neither read nor wrote anything for too long."""


class Child:
    """
    A running program; leaving the ``with`` kills and reaps it if it still runs.

    Its stderr is always read along, so that it never blocks on it; the last `TAIL` bytes are kept.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        *,
        feed: bool = False,
        give: bool = False,
        on_output: Callable[[bytes], None] | None = None,
    ) -> None:
        """
        `feed`: we write its stdin; `give`: we `read` its stdout; `on_output` is called with its
        stdout by a thread instead. What is not asked for is ``/dev/null``.
        """
        self._tail = bytearray()
        self._process = subprocess.Popen(
            list(arguments),
            env=dict(environ),
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE if give or on_output else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self.pid = self._process.pid
        self._threads = [self._follow(self._process.stderr, self._keep_tail)]
        if on_output:
            self._threads.append(self._follow(self._process.stdout, on_output))
        if self._process.stdin:
            os.set_blocking(self._process.stdin.fileno(), False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._close_input()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self._process.stdout, self._process.stderr):
            if stream:
                stream.close()

    def read(self, limit: int) -> bytes:
        """Return exactly `limit` bytes of its output, fewer only at the end; raises `ProgramStuck`."""
        assert self._process.stdout is not None
        number = self._process.stdout.fileno()
        collected = bytearray()
        while len(collected) < limit:
            if not select.select([number], [], [], IDLE_S)[0]:
                raise ProgramStuck(f"no output for {IDLE_S:.0f} s")
            block = os.read(number, min(_BLOCK, limit - len(collected)))
            if not block:
                break
            collected += block
        return bytes(collected)

    def write(self, data: bytes, idle_s: float | None = None) -> bool:
        """
        Write to its input; return False when it does not read any more (it ended). Raises
        `ProgramStuck` when it takes nothing for `idle_s` (`IDLE_S`).
        """
        assert self._process.stdin is not None
        number = self._process.stdin.fileno()
        rest = memoryview(data)
        limit = IDLE_S if idle_s is None else idle_s
        while rest:
            if not select.select([], [number], [], limit)[1]:
                raise ProgramStuck(f"took no input for {limit:.0f} s")
            try:
                rest = rest[os.write(number, rest[:_BLOCK]) :]
            except BlockingIOError:  # a pipe may be writable for less than a whole block
                continue
            except BrokenPipeError:
                return False
        return True

    def finish(self, timeout_s: float | None = None) -> int:
        """
        Close its input and wait; return its exit code, negative for a signal. Raises
        `ProgramStuck`.
        """
        self._close_input()
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ProgramStuck(f"did not end within {timeout_s} s") from error
        for thread in self._threads:
            thread.join(timeout_s)
            if thread.is_alive():  # its output is still being passed on
                raise ProgramStuck(f"what it said was not taken within {timeout_s} s")
        return code

    def wait(self, seconds: float) -> int | None:
        """
        Close its input and wait so long at most; return its exit code, or None while it
        still runs.
        """
        try:
            return self.finish(seconds)
        except ProgramStuck:
            return None

    @property
    def code(self) -> int | None:
        """Return its exit code, or None while it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    @property
    def complaints(self) -> str:
        """Return the end of what it wrote to stderr; not masked."""
        return self._tail.decode("utf-8", "replace").strip()

    def _close_input(self) -> None:
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def _keep_tail(self, block: bytes) -> None:
        self._tail += block
        del self._tail[:-TAIL]

    @staticmethod
    def _follow(stream: IO[bytes] | None, take: Callable[[bytes], None]) -> threading.Thread:
        assert stream is not None

        def follow() -> None:
            while block := stream.read(_BLOCK):
                take(block)

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        return thread


def ended(code: int) -> str:
    """Return an exit code in words."""
    return f"was killed by signal {-code}" if code < 0 else f"exited with {code}"
