"""The comparison of ends: what is gone, changed or too much is seen, what newer code adds is none."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.compat.compare import Known, compare

END = {
    "documents": {"incidents/1": {"step": 1, "labels": {"a": "b"}, "pages": [{"number": 0}]}},
    "receipts": {"settle one": {}},
    "events": {"one": {"attributes": {"ce-type": "t"}, "body": {"x": 1}, "to": {"t--settle": {}}}},
    "calls": {"/pager n #1": {"answered": 200}},
    "mails": {"<m>": {"html": "<p>a <b>b</b></p><br>"}},
}
SMALL = Known(frozenset({"labels"}), frozenset({"t", "u"}), frozenset({"t--settle"}))


def changed(path: str, value: Any) -> dict[str, Any]:
    made = json.loads(json.dumps(END))
    *way, last = path.split(":")
    inner = made
    for name in way:
        inner = inner[int(name) if isinstance(inner, list) else name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return made


EVENT = {"attributes": {"ce-type": "t"}, "body": {}, "to": {}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("documents:incidents/1:step", 2),
        ("documents:incidents/1:step", None),
        ("documents:incidents/1:labels:c", "d"),
        ("documents:incidents/1:pages", []),
        ("documents:incidents/1:pages:0:number", 1),
        ("documents:incidents/2", {}),
        ("documents:incidents/1", None),
        ("receipts:settle one", None),
        ("receipts:settle two", {}),
        ("events:one:body:x", 2),
        ("events:one:to:t--settle", None),
        ("events:two", EVENT),
        ("calls:/pager n #2", {"answered": 200}),
        ("mails:<m>:html", "<p>a<b>b</b></p><br>"),
        ("mails:<m>:html", "<p>a <b>b</b></p>"),
    ],
)
def test_what_is_gone_changed_or_too_much_is_a_difference(path: str, value: Any):
    assert len(compare(END, changed(path, value), SMALL)) == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("documents:incidents/1:environment", "production"),
        ("documents:incidents/1:pages:0:environment", "production"),
        ("documents:schedules/new", {}),
        ("events:one:attributes:ce-environment", "production"),
        ("events:one:body:environment", "production"),
        ("events:one:to:t--audit", {}),
        ("mails:<m>:html", "<p>\n  a <b>b</b>\n</p>\n<br>\n"),
        ("events:two", EVENT | {"attributes": {"ce-type": "new"}}),
    ],
)
def test_what_newer_code_adds_is_none(path: str, value: Any):
    assert compare(END, changed(path, value), SMALL) == []


CHAIN = {
    "root": {
        "attributes": {"ce-type": "t", "ce-correlationid": "root"},
        "body": {"x": 1},
        "to": {},
    },
    "next": {"attributes": {"ce-type": "u", "ce-correlationid": "root"}, "body": {}, "to": {}},
}
RENAMED = json.dumps(CHAIN).replace('"root"', '"other"').replace('"next"', '"after"')


def test_a_chain_that_is_renamed_is_compared_by_what_it_says():
    expected = END | {"events": CHAIN, "receipts": {"settle next": {}}}
    found = END | {"events": json.loads(RENAMED), "receipts": {"settle after": {}}}
    assert compare(expected, found, SMALL, ["root"]) == []
    assert len(compare(expected, found, SMALL)) == 6
    found["events"]["other"]["body"]["x"] = 2
    assert compare(expected, found, SMALL, ["root"]) != []


@pytest.mark.parametrize(
    ("link", "differs"), [({"generation": 2}, True), ({"nonce": "another"}, False)]
)
def test_a_link_is_compared_by_what_it_says(link: dict[str, Any], differs: bool):
    def mail(said: dict[str, Any]) -> dict[str, Any]:
        payload = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
        text = f"http://toban.example/ingest_action/a?c={payload}&s={said['nonce']} it"
        return END | {"mails": {"<m>": {"html": f"<p>{text}", "plain": text}}}

    one = {"incident": "inc-1", "generation": 1, "nonce": "one"}
    assert bool(compare(mail(one), mail(one | link), SMALL)) == differs


def test_a_receipt_of_a_new_subscriber_is_none():
    found = changed("events:one:to:t--audit", {})
    found["receipts"]["audit one"] = {}
    assert compare(END, found, SMALL) == []
