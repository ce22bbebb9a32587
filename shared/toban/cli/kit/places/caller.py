"""
Asking a project for something: a command, posted to its `ingest_action` with the caller's ID token.

The token comes from ``TOBAN_ID_TOKEN``, else from ``gcloud auth print-identity-token``: for a service
account (also an impersonated one) meant for the function's address, for a person as gcloud makes it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from toban.cli.kit import posting
from toban.cli.kit.terminal import Problem, Terminal

FUNCTION = "ingest_action"
TIMEOUT_S = 30.0
TRIES = 3
_PAUSE_S = 1.0
_GCLOUD = ("gcloud", "auth", "print-identity-token")


def address(project: str, location: str, terminal: Terminal) -> str:
    """Return where `ingest_action` of a project answers; `Problem` when nobody says."""
    base = os.environ.get("TOBAN_PUBLIC_URL", "").rstrip("/")
    if not base and location:
        base = f"https://{location}-{project}.cloudfunctions.net"
    if not base:
        raise Problem(terminal.say("command.where"), 2)
    parts = urlsplit(base)
    if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1"):
        raise Problem(terminal.say("command.insecure", url=base), 2)  # a token goes there
    return f"{base}/{FUNCTION}"


def token(audience: str, terminal: Terminal) -> str:
    """Return the caller's ID token; `Problem` when there is none."""
    given = os.environ.get("TOBAN_ID_TOKEN", "").strip()
    if given:
        return given
    if shutil.which("gcloud") is None:
        raise Problem(terminal.say("command.no-gcloud"))
    said = ""
    # A person's account takes no audience; a service account says its address only when asked to.
    for options in (
        (f"--audiences={audience}", "--include-email"),
        (f"--audiences={audience}",),
        (),
    ):
        done = subprocess.run([*_GCLOUD, *options], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip()
        said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else said
    raise Problem(terminal.say("command.no-token", error=said))


def post(url: str, given: str, body: dict[str, Any], terminal: Terminal) -> dict[str, Any]:
    """
    Return the answer to a command; `Problem` when it was not taken.

    What can pass by itself is tried again: the same `id` is the same command.
    """
    raw = json.dumps(body, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {given}"}
    status, answer = 0, ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(_PAUSE_S * attempt)
        status, answer = posting.post(url, raw, headers, TIMEOUT_S, _NoRedirect())
        if status not in (0, 500, 502, 503, 504):
            break
    if status == 200:
        found: dict[str, Any] = json.loads(answer)
        return found
    if status == 401:
        raise Problem(terminal.say("command.unknown", url=url))
    if status == 403:
        raise Problem(terminal.say("command.not-allowed", url=url))
    reason = answer[:300] if status == 0 else _error(answer)
    raise Problem(terminal.say("command.not-taken", url=url, status=status or "-", error=reason))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token is for the address that it was sent to, and for no other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Never."""


def _error(answer: str) -> str:
    try:
        return str(json.loads(answer)["error"])[:300]
    except (ValueError, KeyError, TypeError):
        return answer[:100]
