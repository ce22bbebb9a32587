"""
A PostgreSQL server as the programs of its own distribution see it.

The programs get the connection URL without its password, which travels in their environment
(``PGPASSWORD``) and is blotted out of whatever they say.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from toban.kernel import log
from toban.kernel.reasons.words import reason
from toban.ports import PortError
from toban.sources.hosts import one_name
from toban.sources.ports import SourcePorts

INSTALLED = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of each major version."""

CALL_S = 600.0
"""Longest a call of ``psql`` may take (counting the rows of a large database)."""

_FOR_GOOD = re.compile(
    r"authentication failed|no password supplied|permission denied|does not exist|version mismatch"
    r"|no pg_hba\.conf entry|must be (owner|superuser|member)|already exists|unsupported version"
    r"|invalid (connection option|URI)|syntax error",
)
"""What does not change by trying again."""

VERBOSE = ("-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose")
"""Lets ``psql`` end at the first error and say its SQLSTATE."""

_PASSING = frozenset({"08", "40", "53", "57", "58", "55006", "55P03"})
"""
Classes of SQLSTATE, and single ones, that may pass: connection, rollback (serialisation, deadlock),
resources, intervention of an operator, the system; an object in use, a lock not to be had.
"""
_DISCONNECTED = 2
"""The exit code of ``psql`` that lost its connection or found none."""
_STATE = re.compile(r"(?<=: {2})([0-9A-Z]{5}): ")
_PLACE = re.compile(r"^\S+ +\w+, \S+\.c:\d+$\n?", re.MULTILINE)
_SCRIPT = re.compile(r"^psql:<stdin>:\d+: ", re.MULTILINE)

_PATIENT = "set statement_timeout = 0"

_DEFAULTS = {
    "connect_timeout": "10",
    # A server that vanished is noticed within two minutes instead of two hours.
    "keepalives_idle": "30",
    "keepalives_interval": "15",
    "keepalives_count": "5",
    "application_name": "toban",
}


class FailureType(Protocol):
    """`SourceFailed` or `TargetFailed`."""

    def __call__(self, reason: str, *, retryable: bool) -> PortError:
        """Make the error."""
        ...


class NoProgram(Exception):
    """A program of PostgreSQL is not installed here."""


def program(name: str, major: int | None = None) -> str:
    """
    Return the path of ``pg_dump``, ``pg_restore`` or ``psql``.

    Of several installed versions: that of the server (`major`), else the oldest that is newer,
    else the newest there is; what ``PATH`` has only when nothing is where Debian keeps them.
    Raises `NoProgram`.
    """
    versions = {
        int(path.parents[1].name): path
        for path in INSTALLED.glob(f"*/bin/{name}")
        if path.parents[1].name.isdigit()
    }
    if versions:
        fitting = [version for version in versions if major is not None and version >= major]
        return str(versions[min(fitting) if fitting else max(versions)])
    found = shutil.which(name)
    if found is None:
        raise NoProgram(f"{name} is not installed here")
    return found


def version_of(path: str) -> str:
    """Return what ``--version`` says, as ``15.18``."""
    said = subprocess.run([path, "--version"], capture_output=True, check=True, timeout=30)
    found = re.search(r"\) (\S+)", said.stdout.decode())
    return found.group(1) if found else said.stdout.decode().strip()


def major_of(version: str) -> int:
    """``15.18`` and ``17beta1`` are 15 and 17."""
    found = re.match(r"\d+", version)
    return int(found.group()) if found else 0


def final(complaint: str) -> bool:
    """Return whether trying again is useless after such a complaint of a program that names no SQLSTATE."""
    return bool(_FOR_GOOD.search(complaint))


def sqlstate(said: str) -> str:
    """Return the SQLSTATE of the last error that ``psql`` reported (`VERBOSE`); empty: there is none."""
    found = _STATE.findall(said)
    return str(found[-1]) if found else ""


def can_pass(code: int, said: str) -> bool:
    """
    Return whether the failure of a ``psql`` may pass by itself: of the connection, of other
    transactions, of resources, or because somebody ended it; by its SQLSTATE, in any language.

    What it says before it is connected has none: then by what it says.
    """
    if state := sqlstate(said):
        # A lock table that is too small for one transaction stays so.
        return "max_locks_per_transaction" not in said and (
            state[:2] in _PASSING or state in _PASSING
        )
    return code < 0 or (code == _DISCONNECTED and not final(said))


def plainly(said: str) -> str:
    """Return complaints of ``psql`` with their SQLSTATE, and without lines of its script or of C."""
    text = _PLACE.sub("", _SCRIPT.sub("", said))
    return _STATE.sub(lambda found: f"[{found[1]}] ", text).strip()


@dataclass(frozen=True, slots=True)
class Server:
    """Where to connect. Nothing here but `password` is secret."""

    user: str
    hosts: str
    """``host:port``, several with commas, as in the URL."""
    database: str
    parameters: Mapping[str, str]
    password: str

    def __repr__(self) -> str:
        return f"Server({self.identity(self.database)})"

    def url(self, database: str = "", settings: Sequence[str] = ()) -> str:
        """Return the URL without password; `settings` are ``name=value`` for this session."""
        parameters = {**_DEFAULTS, **self.parameters}
        if settings:
            options = [parameters.get("options", ""), *(f"-c {setting}" for setting in settings)]
            parameters["options"] = " ".join(filter(None, options))
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        path = quote(database or self.database, safe="")
        query = urlencode(parameters, quote_via=quote)
        return f"postgresql://{user}{self.hosts}/{path}?{query}"

    def environ(self, outside: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a program: no other ``PG…``, messages in English, the password."""
        kept = {k: v for k, v in outside.items() if not k.startswith(("PG", "LC_", "LANG"))}
        return {**kept, "LC_ALL": "C.UTF-8", "PGPASSWORD": self.password}

    def identity(self, database: str) -> str:
        """``postgres://host:port/database``; every name of this machine is ``localhost``."""
        hosts = self.parameters.get("host", "") or self.hosts
        ports = self.parameters.get("port", "")
        named = ",".join(sorted(_host_and_port(host, ports) for host in hosts.split(",")))
        return f"postgres://{named}/{database}"

    def mask(self, text: str) -> str:
        """`text` without the password in any of its spellings."""
        for secret in {self.password, quote(self.password, safe=""), quote(self.password)}:
            if secret:
                text = text.replace(secret, log.MASK)
        return log.mask(text)


def parse(url: str) -> Server:
    """Read a connection URL. Raises `ValueError`, which never shows any of it."""
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        raise ValueError("not a connection URL") from None
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError("not a connection URL: it has to begin with postgresql://")
    if "sslpassword" in query or "service" in query or "passfile" in query:
        raise ValueError("a connection URL may not use sslpassword, passfile or service")
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    password = query.pop("password", "") or unquote(password)
    user = query.pop("user", "") or unquote(user)
    database = query.pop("dbname", "") or unquote(parts.path.removeprefix("/")) or user
    log.hide(password)
    return Server(user, hosts, database, query, password)


def newest(ports: SourcePorts, url_secret: str, failed: FailureType) -> Server:
    """Return the server that a secret names, without connecting to it. Raises `failed`."""
    return _named(ports, url_secret, failed)[0]


def _named(ports: SourcePorts, url_secret: str, failed: FailureType) -> list[Server]:
    values = ports.secrets.values(url_secret)
    if not values:
        raise failed(reason("reason.the-secret", name=url_secret), retryable=False)
    try:
        return [parse(value.strip()) for value in values]
    except ValueError as error:
        raise failed(f"the secret {url_secret}: {error}", retryable=False) from None


def connect(ports: SourcePorts, url_secret: str, failed: FailureType) -> Server:
    """
    Return the server that a secret names. While the secret is being rotated, the newest value
    that the server lets in. Raises `failed`.
    """
    servers = _named(ports, url_secret, failed)
    for server in servers[:-1]:
        try:
            ask(server, "select 1", ports, failed, database=server.database)
        except PortError as error:
            if "authentication failed" not in str(error):
                raise
            continue
        return server
    return servers[-1]


def ask(
    server: Server,
    sql: str,
    ports: SourcePorts,
    failed: FailureType,
    *,
    database: str = "",
    settings: Sequence[str] = (),
    script: bool = False,
) -> list[str]:
    """
    Return the lines ``psql`` answers, fields separated by ``|``; raises `failed`.

    `sql` is one command string in which ``psql`` looks for no commands of its own; with
    `script` it does, and every statement is its own transaction. Limits of time that the database
    or the role sets for the application are none of ours, unless `settings` says so.
    """
    if not script and sql.lstrip().startswith("\\"):
        raise failed("a query may not be a command of psql", retryable=False)
    try:
        path = program("psql")
    except NoProgram as error:
        raise failed(str(error), retryable=False) from None
    arguments = [
        path,
        "-XqAtw",
        *VERBOSE,
        f"--dbname={server.url(database, settings)}",
    ]
    if not settings:
        arguments += ["-c", _PATIENT]
    arguments += ["-f", "-"] if script else ["-c", sql]
    try:
        done = subprocess.run(
            arguments,
            env=server.environ(ports.environ),
            input=sql.encode() if script else b"",
            capture_output=True,
            timeout=CALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise failed(f"psql did not end within {CALL_S:.0f} s", retryable=True) from None
    if done.returncode:
        said = server.mask(done.stderr.decode("utf-8", "replace").strip()[-2_000:])
        raise failed(f"psql: {plainly(said)}", retryable=can_pass(done.returncode, said))
    return done.stdout.decode("utf-8", "replace").removesuffix("\n").split("\n")


def version(server: Server, ports: SourcePorts, failed: FailureType, database: str = "") -> str:
    """Return the server's version, as ``15.18``."""
    said = ask(server, "select current_setting('server_version')", ports, failed, database=database)
    return said[0].split(" ")[0]


def _host_and_port(text: str, port: str) -> str:
    host, colon, own_port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon or "/" in own_port:
        host, own_port = text, ""
    return f"{one_name(unquote(host))}:{own_port or port or '5432'}"
