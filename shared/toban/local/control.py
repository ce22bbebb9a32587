"""
How commands on this machine find the runtime of a data directory, and what they may ask of it.

The runtime leaves ``dev.json`` there: its address, and a token that only this user can read. A web
page that reaches the port cannot know the token.
"""

from __future__ import annotations

import hmac
import http.client
import json
import os
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from toban.kernel import strictjson
from toban.kernel.edge.http import Request, Response, answer, problem
from toban.kernel.prepared import converted
from toban.local.virtual import ClockDriver, Interrupted, NeverIdle

FILE = "dev.json"
PATH = "dev"
"""First segment of the paths below which the runtime itself answers."""
_TIMEOUT_S = 600.0


@dataclass(frozen=True)
class RunningRuntime:
    """The address and token of a runtime that serves a data directory."""

    url: str
    token: str
    project: str = ""
    """Name of the project on Google's emulators; empty: everything is in the data directory."""
    emulators: Mapping[str, str] = field(default_factory=dict)
    """Their addresses, ``host:port``, by what they stand for (``firestore``)."""


def new_token() -> str:
    """Return a token for one run."""
    return secrets.token_urlsafe(24)


def note(data: Path, running: RunningRuntime) -> None:
    """Record that a runtime begins to serve."""
    path = data / FILE
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(running), file)
    os.replace(new, path)  # noqa: PTH105  the same in one call


def forget(data: Path) -> None:
    """Remove the record of a runtime that has ended."""
    (data / FILE).unlink(missing_ok=True)


def find(data: Path) -> RunningRuntime | None:
    """Return the runtime recorded in a data directory, or None; it may have died since."""
    try:
        said = json.loads((data / FILE).read_text(encoding="utf-8"))
        emulators = {str(name): str(at) for name, at in said.get("emulators", {}).items()}
        return RunningRuntime(
            str(said["url"]), str(said["token"]), str(said.get("project", "")), emulators
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def find_emulated(data: Path) -> RunningRuntime | None:
    """Return the runtime of a data directory if it is one on emulators, and answers."""
    running = find(data)
    if running is None or not running.project:
        return None
    place = urlsplit(running.url)
    try:
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=2):
            return running
    except OSError:
        return None


class ClockRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A request to move the virtual clock: one of these fields."""

    seconds: float | None = None
    to: datetime | None = None
    until_idle: bool = False


def control(token: str, driver: ClockDriver | None) -> Callable[[Request], Response]:
    """Return what answers below ``/dev/``: ``POST /dev/clock`` moves a virtual clock (`driver`)."""

    def answered(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return Response(401, headers={"WWW-Authenticate": "Bearer"})
        if request.path != "/clock":
            return problem(404, "no such path")
        if request.method != "POST":
            return Response(405, headers={"Allow": "POST"})
        if driver is None:
            return problem(409, "this runtime goes by the machine's clock")
        try:
            wanted = converted(strictjson.loads(request.body or b""), ClockRequest)
            return answer(200, **_move(driver, wanted))
        except (
            strictjson.NotStrictJson,
            msgspec.ValidationError,
            ValueError,
            OverflowError,
        ) as error:
            return problem(400, str(error))
        except NeverIdle as error:
            return problem(500, str(error))
        except Interrupted as error:
            return problem(503, str(error))

    return answered


def _move(driver: ClockDriver, wanted: ClockRequest) -> dict[str, Any]:
    if wanted.until_idle:
        return driver.until_idle().as_json()
    if wanted.seconds is not None:
        return driver.advance(timedelta(seconds=wanted.seconds)).as_json()
    if wanted.to is None or wanted.to.tzinfo is None:
        raise ValueError("seconds, an aware time `to`, or until_idle")
    return driver.advance(wanted.to).as_json()


def ask(running: RunningRuntime, path: str, body: dict[str, object]) -> tuple[int, dict[str, Any]]:
    """Status and JSON of the runtime's answer; raises `OSError` when nobody answers there."""
    try:
        place = urlsplit(running.url)
        connection = http.client.HTTPConnection(
            place.hostname or "", place.port, timeout=_TIMEOUT_S
        )
    except ValueError as error:
        raise ConnectionError(str(error)) from error
    headers = {
        "Authorization": f"Bearer {running.token}",
        "Content-Type": "application/json",
    }
    try:
        connection.request("POST", f"/{PATH}{path}", json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")
    except (http.client.HTTPException, ValueError) as error:  # somebody else answers there by now
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()
