"""
PostgreSQL and Redis for tests: started once per process on first use (it takes a second; so a test
may empty them), stopped at the end.

``postgres_server`` and ``redis_server`` behave as the emulators do (`tests.plugins.emulators`): a
server that cannot start skips its tests with the reason, or fails them when its name is in
``TOBAN_REQUIRE``. Both want a password and listen on 127.0.0.1 only. A test that kills a server
starts its own with `start_postgres` or `start_redis`.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.emulators import required
from toban.local.emulated.emulators import HOST, free_port
from toban.sources.postgres import server as pgserver

START_S = 60.0
PASSWORD = "p@ss wörd/%:?秘密-7391"
"""Every character that a careless URL, shell or log would break on."""


class ServerNotAvailable(Exception):
    """This machine cannot run the server; the text says why."""


@dataclass
class Postgres:
    """A running PostgreSQL."""

    host: str
    port: int
    process: subprocess.Popen[bytes]
    password: str = PASSWORD

    def url(self, database: str = "postgres", password: str | None = None) -> str:
        """A connection URL for its superuser."""
        secret = pgserver.quote(self.password if password is None else password, safe="")
        return f"postgresql://postgres:{secret}@{self.host}:{self.port}/{database}"

    def sql(self, sql: str, database: str = "postgres", *, check: bool = True) -> str:
        """What ``psql`` answers to a script."""
        done = subprocess.run(
            [pgserver.program("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"],
            env={
                **os.environ, "PGHOST": self.host, "PGPORT": str(self.port),
                "PGUSER": "postgres", "PGPASSWORD": self.password, "PGDATABASE": database,
            },
            input=sql.encode(), capture_output=True, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(done.stderr.decode())
        return done.stdout.decode().rstrip("\n")

    def kill(self) -> None:
        """As when the machine loses power."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(20)


@dataclass
class Redis:
    """A running Redis."""

    host: str
    port: int
    process: subprocess.Popen[bytes]
    password: str = PASSWORD

    def url(self, password: str | None = None) -> str:
        """A connection URL."""
        secret = pgserver.quote(self.password if password is None else password, safe="")
        return f"redis://:{secret}@{self.host}:{self.port}"

    def kill(self) -> None:
        """At once."""
        self.process.kill()
        self.process.wait(20)


@contextlib.contextmanager
def start_postgres(*settings: str) -> Iterator[Postgres]:
    """A new cluster in a temporary directory, with ``name=value``; raises `ServerNotAvailable`."""
    try:
        initdb, server = pgserver.program("initdb"), pgserver.program("postgres")
    except pgserver.NoProgram as error:
        raise ServerNotAvailable(str(error)) from error
    # PostgreSQL refuses to run as root; the user of Debian's package is there for that.
    identity = _other_user("postgres") if os.geteuid() == 0 else {}
    with _directory(identity) as directory:
        secret, data, port = directory / "password", directory / "data", free_port()
        secret.write_text(PASSWORD + "\n", encoding="utf-8")
        _give(secret, identity)
        made = subprocess.run(
            [initdb, "-D", str(data), "-U", "postgres", "-A", "scram-sha-256",
             f"--pwfile={secret}", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"],
            capture_output=True, check=False, cwd=directory, **identity,
        )  # fmt: skip
        if made.returncode:
            raise ServerNotAvailable(f"initdb: {made.stderr.decode()[-500:]}")
        command = [
            server, "-D", str(data), "-F", "-h", HOST, "-p", str(port), "-k", str(directory),
            "-c", "max_locks_per_transaction=256",
            *(word for setting in settings for word in ("-c", setting)),
        ]  # fmt: skip
        with _running(command, directory, identity, signal.SIGQUIT) as process:
            found = Postgres(HOST, port, process)
            _wait(lambda: found.sql("select 1"), process, directory)
            yield found


@contextlib.contextmanager
def start_redis(*options: str) -> Iterator[Redis]:
    """A new Redis in a temporary directory; raises `ServerNotAvailable`."""
    server = shutil.which("redis-server")
    if server is None:
        raise ServerNotAvailable("redis-server is not installed here")
    with _directory({}) as directory:
        port = free_port()
        settings = directory / "redis.conf"
        settings.write_text(
            f'bind {HOST}\nport {port}\ndir {directory}\nrequirepass "{PASSWORD}"\n'
            'save ""\nappendonly no\nenable-debug-command local\n',
            encoding="utf-8",
        )
        command = [server, str(settings), *options]
        with _running(command, directory, {}, signal.SIGKILL) as process:
            _wait(lambda: _redis_answers(port), process, directory)
            yield Redis(HOST, port, process)


def _redis_answers(port: int) -> None:
    with socket.create_connection((HOST, port), 5) as connection:
        connection.sendall(b"PING\r\n")
        if not connection.recv(100).startswith((b"-NOAUTH", b"+PONG")):
            raise ConnectionError("no answer")


def _other_user(name: str) -> dict[str, Any]:
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        raise ServerNotAvailable(f"running as root, and there is no user {name}") from error
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _give(path: Path, identity: dict[str, Any]) -> None:
    if identity:
        os.chown(path, identity["user"], identity["group"])


@contextlib.contextmanager
def _directory(identity: dict[str, Any]) -> Iterator[Path]:
    # Not below pytest's own, which other users may not enter.
    directory = Path(tempfile.mkdtemp(prefix="toban-server-"))
    _give(directory, identity)
    try:
        yield directory
    finally:
        for _ in range(20):  # a dying server's children may still be writing
            shutil.rmtree(directory, ignore_errors=True)
            if not directory.exists():
                break
            time.sleep(0.1)


@contextlib.contextmanager
def _running(
    command: list[str], directory: Path, identity: dict[str, Any], end: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    # Of util-linux, which Debian always has. Not `preexec_fn`: with gRPC's threads in this process, our
    # own code between fork and exec has aborted there.
    bound = ["setpriv", "--pdeathsig", end.name.removeprefix("SIG"), "--"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            [*bound, *command], cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, **identity,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(end)
        process.wait(20)


def _wait(ready: Any, process: subprocess.Popen[bytes], directory: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            ready()
            return
        except (AssertionError, OSError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                said = (directory / "log").read_text("utf-8", "replace")[-500:]
                raise ServerNotAvailable(f"{process.args!r}: {error}: {said}") from error
            time.sleep(0.05)


STARTERS: dict[str, Any] = {"postgres": start_postgres, "redis": start_redis}


class Servers:
    """What was started in this process."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.servers: dict[str, Any] = {}
        self.refused: dict[str, str] = {}

    def need(self, name: str) -> Any:
        """The server; fails the test when it is required and cannot start, skips it if not."""
        if name not in self.servers and name not in self.refused:
            try:
                self.servers[name] = self._stack.enter_context(STARTERS[name]())
            except ServerNotAvailable as error:
                self.refused[name] = str(error)
        if name in self.refused:
            if required(name):
                pytest.fail(f"{name} is in TOBAN_REQUIRE and did not start: {self.refused[name]}")
            pytest.skip(f"not run: {self.refused[name]}")
        return self.servers[name]

    def addresses(self) -> dict[str, str]:
        """``host:port`` of each."""
        return {name: f"{server.host}:{server.port}" for name, server in self.servers.items()}

    def stop(self) -> None:
        """Stop them all."""
        self._stack.close()


RUNNING = Servers()


@pytest.fixture(scope="session")
def postgres_server() -> Postgres:
    """A PostgreSQL that wants a password."""
    return RUNNING.need("postgres")


@pytest.fixture(scope="session")
def redis_server() -> Redis:
    """A Redis that wants a password; tests that need it empty say FLUSHALL."""
    return RUNNING.need("redis")


@pytest.fixture
def postgres_database(postgres_server: Postgres) -> Iterator[str]:
    """The name of an empty database of this test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres_server.sql(f"create database {name} template template0")
    yield name
    postgres_server.sql(f"drop database if exists {name} with (force)")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server."""
    for item in items:
        for name in STARTERS:
            if f"{name}_server" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.server)


_told: list[tuple[dict[str, str], dict[str, str]]] = []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells the process that prints what ran in it."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["servers"] = (RUNNING.addresses(), RUNNING.refused)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear what a worker tells."""
    told = getattr(node, "workeroutput", {}).get("servers")
    if told:
        _told.append((told[0], told[1]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which servers ran, and why others did not."""
    for addresses, refused in [*_told, (RUNNING.addresses(), RUNNING.refused)]:
        for name, address in addresses.items():
            terminalreporter.write_line(f"Server that ran: {name} ({address})")
        for name, reason in refused.items():
            terminalreporter.write_line(f"Server that did not run: {name}: {reason}")


def pytest_unconfigure() -> None:
    """Leave no process behind."""
    RUNNING.stop()
