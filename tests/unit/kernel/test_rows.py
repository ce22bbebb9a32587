"""A way in over HTTP: what is answered to whom, in which order it is looked at, and what is logged."""

from __future__ import annotations

import json

import msgspec
import pytest

from toban.adapters.local.memory.store import MemorySecrets
from toban.events import RecheckDue
from toban.kernel.edge.fields import InvalidField
from toban.kernel.edge.http import MAX_BODY, Edge, Request, Response
from toban.kernel.edge.row import (
    JSON,
    Answers,
    CredentialsMissing,
    IngressResult,
    RequestRefused,
    Row,
    SettingMissing,
)
from toban.kernel.edge.serve import Rows
from toban.kernel.event import Event
from toban.ports import Unavailable
from toban.testing import NOON, TestPlatform

IN_JSON = {"content-type": "application/json"}


def event(id: str) -> Event:
    return Event(id=id, source="/t", time=NOON, body=RecheckDue(incident_id="i", generation=1))


class Forbidden(RequestRefused):
    status = 403
    told = "not you"


class Door:
    """One function with a row, and everything around it."""

    def __init__(self, **row) -> None:
        self.refusal: Exception | None = None
        self.reading: Exception | IngressResult = IngressResult([event("a"), event("a")], {"n": 3})
        self.published: list[Event] = []
        self.is_down = False
        self.secrets = MemorySecrets({"KEY": ["k"], "OTHER": ["o"]})
        self.seen: list[object] = []
        given = {"secret": "KEY", "answers": Answers("thing"), "challenge": "Basic"} | row
        self.rows = Rows(
            Row(path="/in", check=self.check, read=self.read, **given),
            Row(path="/other", secret="OTHER", check=self.check, read=self.read,
                answers=Answers("other")),
        )  # fmt: skip

    def check(self, request, context):
        self.seen.append((context.secrets, context.now))
        if self.refusal:
            raise self.refusal
        return "who"

    def read(self, sent):
        self.seen.append((sent.who, sent.content, sent.now))
        if isinstance(self.reading, Exception):
            raise self.reading
        return self.reading

    def publish(self, events) -> None:
        if self.is_down:
            raise Unavailable("down")
        self.published += events

    def ask(self, method="POST", path="/in", body=b"{}", **headers) -> Response:
        edge = Edge(TestPlatform().clock, self.secrets, self.publish)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.rows(Request(method, path, headers={**IN_JSON, **headers}, body=body), edge)


def told(response: Response):
    return response.status, msgspec.json.decode(response.body)


def logged(capsys) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [{k: v for k, v in line.items() if k not in ("time", "logging")} for line in lines]


@pytest.fixture
def door() -> Door:
    return Door()


def test_what_is_taken_is_published_once_and_counted(door, capsys):
    assert told(door.ask()) == (200, {"accepted": 1, "events": ["a"], "n": 3})
    assert [e.id for e in door.published] == ["a"]
    assert door.seen == [(["k"], NOON), ("who", {}, NOON)]
    (line,) = logged(capsys)
    assert line["message"] == "thing accepted"
    assert (line["source"], line["accepted"], line["events"], line["n"]) == ("in", 1, ["a"], 3)


def test_nothing_to_publish_is_no_reason_to_ask_the_bus(door):
    door.reading, door.is_down = IngressResult([]), True
    assert told(door.ask()) == (200, {"accepted": 0, "events": []})


def test_another_path_is_told_which_there_are(door):
    assert told(door.ask(path="/no")) == (
        404,
        {"error": "no such path", "paths": ["/in", "/other"]},
    )
    assert door.ask(path="").status == 404
    root = Door()
    root.rows.by_path["/"] = root.rows.by_path.pop("/in")
    assert root.ask(path="").status == root.ask(path="/").status == 200


@pytest.mark.parametrize("look", [None, lambda _: Response(200)])
def test_another_method_is_told_which_there_are(look):
    door = Door(look=look)
    response = door.ask("PUT")
    assert (response.status, response.body) == (405, b"")
    assert response.headers == {"Allow": "GET, HEAD, POST" if look else "POST"}
    assert (door.ask("GET").status, door.ask("HEAD").status) == ((200, 200) if look else (405, 405))
    assert door.published == []


@pytest.mark.parametrize("body", [None, b" " * (MAX_BODY + 1)], ids=["unread", "read"])
def test_what_is_too_large_is_not_even_checked(door, body):
    assert told(door.ask(body=body)) == (413, {"error": f"body larger than {MAX_BODY} bytes"})
    assert door.seen == []
    assert door.ask(body=b"{}" + b" " * (MAX_BODY - 2)).status == 200


def test_a_known_sender_whose_news_is_lost_is_told_of_first():
    lost = []

    def tell(asked, status, cause):
        lost.append((asked.who, status, str(cause)))
        return event("lost")

    door = Door(lost=tell)
    assert door.ask(body=None).status == 413
    assert door.ask(body=b"{").status == 400
    assert [(who, status) for who, status, _ in lost] == [("who", 413), ("who", 400)]
    assert [e.id for e in door.published] == ["lost", "lost"]
    door.is_down = True
    assert told(door.ask(body=b"{")) == (503, {"error": "try again"})
    door.refusal = RequestRefused("no")
    assert door.ask(body=None).status == 413
    assert len(lost) == 3, "a stranger loses nothing"


def test_a_secret_that_is_not_set_is_our_fault(door, capsys):
    door.secrets.set("KEY", "")
    assert told(door.ask()) == (503, {"error": "not configured"})
    (line,) = logged(capsys)
    assert (line["message"], line["missing"], line["also_not_set"]) == ("secret not set", "KEY", [])
    door.secrets.set("OTHER")
    door.ask()
    (line,) = logged(capsys)
    assert line["also_not_set"] == ["OTHER"]
    assert door.seen == []


def test_a_row_without_a_secret_asks_for_none():
    door = Door(secret="")
    assert door.ask().status == 200
    assert door.seen[0] == ([], NOON)


@pytest.mark.parametrize(
    ("refusal", "status", "body", "message"),
    [
        (RequestRefused("wrong key"), 401, None, "request refused"),
        (CredentialsMissing("none"), 401, None, "credentials requested"),
        (Forbidden("stranger"), 403, {"error": "not you"}, "request refused"),
        (SettingMissing("ACTORS"), 503, {"error": "not configured"}, "setting not set"),
        (Unavailable("no keys"), 503, {"error": "try again"},
         "request not checked: verification unavailable"),
    ],
)  # fmt: skip
def test_whoever_is_not_let_in_hears_no_more_than_needed(
    door, capsys, refusal, status, body, message
):
    door.refusal = refusal
    response = door.ask()
    assert response.status == status
    if body is None:
        assert (response.body, response.headers) == (b"", {"WWW-Authenticate": "Basic"})
    else:
        assert msgspec.json.decode(response.body) == body
    (line,) = logged(capsys)
    assert line["message"] == message
    if message == "request refused":
        assert (line["source"], line["reason"]) == ("in", str(refusal))
    assert door.published == []


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, identity"])
def test_a_body_that_is_packed_is_refused_with_what_is_taken(door, encoding):
    response = door.ask(content_encoding=encoding)
    assert told(response) == (415, {"error": "expected no content encoding"})
    assert response.headers == {"Accept-Encoding": "identity"}


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_a_body_that_is_not_packed_may_say_so(door, encoding):
    assert door.ask(content_encoding=encoding).status == 200


@pytest.mark.parametrize(
    ("kind", "fits"),
    [
        ("application/json", True),
        ("Application/JSON; charset=UTF-8", True),
        ('application/cloudevents+json; charset="utf8"', True),
        ("application/json; version=1", True),
        ("application/json; charset=latin-1", False),
        ("text/json", False),
        ("application/jsonp", False),
        ("", False),
    ],
)
def test_json_is_what_says_that_it_is(door, kind, fits):
    response = door.ask(content_type=kind)
    assert response.status == (200 if fits else 415)
    if not fits:
        said = {"error": "expected content type application/json in UTF-8"}
        assert msgspec.json.decode(response.body) == said
    assert JSON.fits(kind) is fits


def test_who_does_not_say_what_it_is_is_refused():
    door = Door()
    edge = Edge(TestPlatform().clock, door.secrets, door.publish)
    assert door.rows(Request("POST", "/in", body=b"{}"), edge).status == 415
    everything = Door(content=None)
    assert everything.rows(Request("POST", "/in", body=b"x"), edge).status == 200
    assert everything.seen[-1] == ("who", None, NOON)


def test_what_cannot_be_read_is_told_with_its_place(door, capsys):
    door.reading = InvalidField("a.b: expected a string")
    assert told(door.ask()) == (400, {"error": "a.b: expected a string"})
    (line,) = logged(capsys)
    assert (line["message"], line["source"], line["reason"]) == (
        ("thing refused", "in", "a.b: expected a string")
    )


def test_while_the_bus_is_down_it_can_be_sent_again(door, capsys):
    door.is_down = True
    assert told(door.ask()) == (503, {"error": "try again"})
    (line,) = logged(capsys)
    assert (line["message"], line["source"]) == ("thing not accepted: bus unavailable", "in")


def test_only_so_many_events_are_on_the_log(door, capsys):
    door.reading = IngressResult([event(f"e{n}") for n in range(30)])
    assert len(told(door.ask())[1]["events"]) == 30
    (line,) = logged(capsys)
    assert (line["accepted"], len(line["events"])) == (30, 20)
