"""
A master with one replica: how a dump gets into a running Redis of any version.

A server loads a dump by itself only when it starts, or from a master. So for the time of the
transfer we are one: the target is told ``REPLICAOF`` us, asks for everything, gets the dump, loads
it in place of what it had, and is told ``REPLICAOF NO ONE``.

Who needs it although every key can be loaded by ``RESTORE`` (`toban.sources.redis.loading.keys`): whoever
recovers onto a Redis that still holds data (``overwrite=true``, ``--onto-source``) from a machine of
their own. Here the old data stay until the new are complete, and a dump that is damaged, or given up
midway, changes nothing; key by key the server is emptied first. A dump of a newer Redis than we can
read, a value that fits into no ``RESTORE`` (512 MB) and the data of modules go only this way as well.
No function in the cloud does: there the target cannot reach us.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from toban.ports.backup import TargetFailed
from toban.sources.redis import resp
from toban.sources.redis.loading.mark import OVERTAKEN

USER = "toban-restore"
"""What a target calls itself when it comes to us; found there later, the target is ours."""

ARRIVAL_S = 30.0
"""How soon the target must come for its data after it was told to (it tries every second)."""

LOADING_S = 1_800.0
"""Longest that a target may take to load what it was given."""

SIGN_OF_LIFE_S = 30.0
_HANDSHAKE_S = 5.0
_POLL_S = 0.1


class Master:
    """Told to a target as its master; gives it one dump."""

    def __init__(self, control: resp.Connection, endpoint: resp.Endpoint) -> None:
        """`control`: a connection to the target, used for commands meanwhile."""
        self._control = control
        self._endpoint = endpoint
        self._password = secrets.token_urlsafe(24)
        self._mark = secrets.token_hex(20).encode()
        self._link: resp.Wire | None = None

    @contextmanager
    def replica(self) -> Iterator[None]:
        """
        Inside, the target is our replica, waiting for data.

        Its ``masteruser`` and ``masterauth`` are ours meanwhile: nobody else who finds our port
        gets any data. Raises `toban.sources.redis.resp.RedisError`; and `TargetFailed`, before
        anything is replaced, when what `control` watches has changed.
        """
        control = self._control
        host = str(control.socket.getsockname()[0])
        family = control.socket.family
        before = {name: self._setting(name) for name in ("masteruser", "masterauth")}
        if before["masteruser"] == USER:  # of an attempt that died; what was there before is lost
            before = {"masteruser": "", "masterauth": ""}
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(socket.create_server((host, 0), family=family))
            server.settimeout(ARRIVAL_S)
            for name, value in before.items():
                if value is not None:
                    stack.callback(control.call, "CONFIG", "SET", name, value)
            if before["masteruser"] is not None:  # Redis 6 and newer
                control.call("CONFIG", "SET", "masteruser", USER)
            control.call("CONFIG", "SET", "masterauth", self._password)
            # Leaving, in reverse: no replica any more, then the settings, then our port.
            stack.callback(control.call, "REPLICAOF", "NO", "ONE")
            follow = resp.command(("REPLICAOF", host, server.getsockname()[1]))
            if not resp.transaction(control, [follow]):
                raise TargetFailed(OVERTAKEN, retryable=True)
            self._link = self._welcome(server)
            stack.callback(self._link.close)
            yield

    def send(self, data: bytes) -> None:
        """A stretch of the dump."""
        assert self._link is not None
        self._link.send(data)

    def finish(self) -> Iterator[None]:
        """The dump is complete: wait until the target has loaded it, yielding now and then."""
        assert self._link is not None
        self._link.send(self._mark)
        deadline = time.monotonic() + LOADING_S
        told = time.monotonic()
        while True:
            info = self._control.info("replication", "persistence")
            if info.get("master_link_status") == "up" and info.get("loading") == "0":
                return
            if self._hung_up():
                raise resp.RedisError("the target did not accept the dump: its log says why")
            if time.monotonic() > deadline:
                raise resp.RedisError(f"the target did not load the dump in {LOADING_S:.0f} s")
            if time.monotonic() - told > SIGN_OF_LIFE_S:
                told = time.monotonic()
                yield
            time.sleep(_POLL_S)

    def _hung_up(self) -> bool:
        """Reads the replica's acknowledgements away; True when it has closed the connection."""
        assert self._link is not None
        connection = self._link.socket
        connection.setblocking(False)
        try:
            return not connection.recv(65_536)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            connection.settimeout(resp.TIMEOUT_S)

    def _setting(self, name: str) -> str | None:
        answer = self._control.call("CONFIG", "GET", name)
        return bytes(answer[1]).decode() if answer else None

    def _welcome(self, server: socket.socket) -> resp.Wire:
        deadline = time.monotonic() + ARRIVAL_S
        while time.monotonic() < deadline:
            try:
                connection, _ = server.accept()
            except TimeoutError:
                break
            connection.settimeout(_HANDSHAKE_S)
            link = resp.Wire(connection)
            try:
                self._handshake(link)
            except resp.RedisError:
                link.close()  # whoever it was had no password; the target tries again
                continue
            connection.settimeout(resp.TIMEOUT_S)
            return link
        raise resp.RedisError(
            "the target did not come for its data: it cannot reach this machine (then it has to"
            " be loaded key by key: through: keys)"
        )

    def _handshake(self, link: resp.Wire) -> None:
        known = False
        framed = False
        while True:
            words = _read_command(link)
            name = words[0].upper()
            if name == b"AUTH":
                known = secrets.compare_digest(words[-1], self._password.encode())
                link.send(b"+OK\r\n" if known else b"-WRONGPASS no\r\n")
            elif not known:
                link.send(b"-NOAUTH Authentication required.\r\n")
                if name == b"PSYNC":
                    raise resp.RedisError("not authenticated")
            elif name == b"PING":
                link.send(b"+PONG\r\n")
            elif name == b"REPLCONF":
                framed |= b"eof" in words
                link.send(b"+OK\r\n")
            elif name == b"PSYNC":
                if not framed:
                    raise resp.RedisError("a replica older than Redis 2.8.18")
                link.send(b"+FULLRESYNC %b 0\r\n" % secrets.token_hex(20).encode())
                link.send(b"$EOF:%b\r\n" % self._mark)
                return
            else:
                link.send(b"-ERR unknown command\r\n")


def _read_command(link: resp.Wire) -> list[bytes]:
    line = link.line()
    if not line.startswith(b"*"):
        return line.split() or [b""]
    count = int(line[1:]) if line[1:].isdigit() else 0
    words = []
    for _ in range(min(count, 64)):
        size = link.line()
        if not size[1:].isdigit() or int(size[1:]) > 4_096:
            raise resp.RedisError("not a replica")
        words.append(link.exactly(int(size[1:]) + 2)[:-2])
    return words or [b""]
