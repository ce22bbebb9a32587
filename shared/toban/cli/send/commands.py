"""`toban send`: an alert to the ingress over HTTP, or an event into the queue."""

from __future__ import annotations

import argparse
import base64
import copy
import hashlib
import json
import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from toban.cli.kit import envfile, posting, times
from toban.cli.kit.arguments import unknown
from toban.cli.kit.places.local import opened
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.send import samples
from toban.kernel.prepared import converted

SECRETS = {
    "cloud-monitoring": "INGEST_CLOUD_MONITORING",
    "alertmanager": "INGEST_ALERTMANAGER",
    "generic": "INGEST_GENERIC",
}
TIMEOUT_S = 10.0
DEFAULT_URL = "http://127.0.0.1:8080"


def send(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Post a body to the ingress, or publish it as an event."""
    now = times.now()
    if asked.what not in SECRETS:
        return _publish(asked, terminal)
    made: Mapping[str, Any] = {
        "cloud-monitoring": samples.cloud_monitoring,
        "alertmanager": samples.alertmanager,
        "generic": samples.generic,
    }
    sample = made[asked.what](_nonce(asked), now)
    body = _body(asked, terminal, copy.deepcopy(sample))
    if asked.file is None:
        samples.of_the_end(asked.what, body, sample, now)
    if asked.show:
        terminal.json(body)
        return 0
    file = envfile.place(asked.data)
    secret = os.environ.get(f"TOBAN_SECRET_{SECRETS[asked.what]}", "")
    if not secret:
        raise Problem(terminal.say("send.secret", name=SECRETS[asked.what], path=file))
    raw = json.dumps(body, ensure_ascii=False).encode()
    query, headers = credentials(asked.what, secret, raw, now)
    if asked.service:
        query["service"] = asked.service
    place = f"{_url(asked).rstrip('/')}/ingest_alert/{asked.what}"
    status, answer = post(f"{place}?{urllib.parse.urlencode(query)}", raw, headers, terminal)
    if status == 503 and _error(answer) == "not configured":
        name = SECRETS[asked.what]
        raise Problem(terminal.say("send.not-configured", url=place, name=name, path=file))
    if status in (401, 403):
        key = "send.stranger" if _is_noted(asked) else "send.other-dev"
        name = f"TOBAN_SECRET_{SECRETS[asked.what]}"
        raise Problem(terminal.say(key, url=place, status=status, data=asked.data, name=name))
    if status != 200:
        raise Problem(terminal.say("send.refused", url=place, status=status, body=answer[:500]))
    said = json.loads(answer)
    terminal.line(terminal.say("send.accepted", n=said.get("accepted", 0)))
    for event in said.get("events", ())[:10]:
        terminal.line(terminal.say("send.trace", id=event))
    return 0


def _nonce(asked: argparse.Namespace) -> str:
    """
    What the ids of a sample are made of: the same for one kind, service and title, so that the
    same words with another state are about the same alert.
    """
    about = [word for word in asked.set if word.startswith(("title=", "labels.service="))]
    return hashlib.sha256("\n".join([asked.what, asked.service, *about]).encode()).hexdigest()


def _error(answer: str) -> object:
    """What an answer in JSON calls its error."""
    try:
        return json.loads(answer)["error"]
    except (ValueError, KeyError, TypeError):
        return None


def _url(asked: argparse.Namespace) -> str:
    """Where `toban dev` answers: as asked for, else where the data directory's own does."""
    from toban.local import control

    if asked.url is not None:
        return str(asked.url)
    running = control.find(asked.data)
    return DEFAULT_URL if running is None else running.url


def _is_noted(asked: argparse.Namespace) -> bool:
    """Whether it is known who answers there: named on the line, or the data directory's own."""
    from toban.local import control

    return asked.url is not None or control.find(asked.data) is not None


def credentials(
    kind: str, secret: str, body: bytes, now: datetime
) -> tuple[dict[str, str], dict[str, str]]:
    """Query and headers by which `ingest_alert` knows a sender."""
    headers = {"Content-Type": "application/json"}
    if kind == "generic":
        from toban.kernel.edge.signed import signature as generic_signature

        headers["X-Toban-Signature"] = generic_signature(secret, int(now.timestamp()), body)
        return {}, headers
    if ":" in secret:
        encoded = base64.b64encode(secret.encode()).decode()
        return {}, {**headers, "Authorization": f"Basic {encoded}"}
    if kind == "alertmanager":
        return {}, {**headers, "Authorization": f"Bearer {secret}"}
    return {"auth_token": secret}, headers


def post(url: str, body: bytes, headers: Mapping[str, str], terminal: Terminal) -> tuple[int, str]:
    """Status and text of the answer; `Problem` when nobody answers."""
    place = url.partition("?")[0]  # a query may hold a token
    if not place.startswith(("http://", "https://")):
        raise Problem(terminal.say("send.unreachable", url=place, error="http://…"), 2)
    direct = urllib.request.ProxyHandler({})
    status, answer = posting.post(url, body, headers, TIMEOUT_S, direct)
    if not status:
        raise Problem(terminal.say("send.unreachable", url=place, error=answer))
    return status, answer


def _publish(asked: argparse.Namespace, terminal: Terminal) -> int:
    import msgspec

    from toban.topology.place import ROOT
    from toban.topology.reader import load
    from toban.topology.schemas import bodies

    topology, types = load(), bodies()
    topics = {name: topic.event for name, topic in topology.topics.items()}
    type_ = topics.get(asked.what, asked.what)
    if type_ not in types:
        known = [*SECRETS, *topics, *types]
        raise Problem(unknown(terminal.language, asked.what, "what.kind", known), 2)
    sample = ROOT / "events" / "samples" / f"{type_}.json"
    made = json.loads(sample.read_text(encoding="utf-8")) if sample.is_file() else {}
    body = _body(asked, terminal, made.get("data", made) if "specversion" in made else made)
    if asked.show:
        terminal.json(body)
        return 0
    try:
        typed = converted(body, types[type_])
    except msgspec.ValidationError as error:
        raise Problem(terminal.say("unreadable", where=type_, error=error), 2) from error
    from toban.local import control

    if control.find_emulated(asked.data):
        raise Problem(terminal.say("send.emulators", data=asked.data))
    consumers = topology.consumers(types[type_].TOPIC)
    with opened(asked.data, terminal, new=True) as work:
        issued = work.carry_out(typed, consumers[0] if consumers else "")
    outcome = issued.outcome or terminal.say("outcome.waiting")
    terminal.line(terminal.say("send.published", type=type_, outcome=outcome))
    terminal.line(terminal.say("send.trace", id=issued.event.id))
    return 0


def _body(asked: argparse.Namespace, terminal: Terminal, sample: Any) -> Any:
    body = sample
    if asked.file is not None:
        try:
            text = (
                sys.stdin.read()
                if asked.file == "-"
                else Path(asked.file).read_text(encoding="utf-8")
            )
            body = json.loads(text)
        except ValueError as error:
            raise Problem(terminal.say("bad.json", where=asked.file, error=error), 2) from error
        except OSError as error:
            reason = error.strerror or error
            raise Problem(terminal.say("unreadable", where=asked.file, error=reason), 2) from error
    for word in asked.set:
        _set(body, word, terminal)
    return body


def _set(body: Any, word: str, terminal: Terminal) -> None:
    """``incident.severity=Error`` or ``alerts.0.status=resolved``; values are JSON or text."""
    path, equals, text = word.partition("=")
    if not equals or not path:
        raise Problem(terminal.say("bad.set", word=word), 2)
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    *parents, last = path.split(".")
    place = body
    for part in parents:
        try:
            place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
        except (ValueError, IndexError, AttributeError) as error:
            raise Problem(terminal.say("bad.path", word=word, part=part), 2) from error
    try:
        place[int(last) if isinstance(place, list) else last] = value
    except (ValueError, IndexError, TypeError) as error:
        raise Problem(terminal.say("bad.path", word=word, part=last), 2) from error
