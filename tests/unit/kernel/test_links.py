"""Signed links and the pages behind them."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.desk import LINK_KEY, NOW, Desk, logged
from toban.events import CommandIssued
from toban.kernel.edge.links import MAX_PAYLOAD, BadLink, ExpiredLink, make_link, sign, verify
from toban.kernel.event import to_message

BASE = "https://toban.example/ingest_action"


def link(action="acknowledge", *, language="en", secret=LINK_KEY, incident="inc-7", **more) -> str:
    return make_link(BASE, incident, action, "person:yuki", 3, NOW, secret, language, **more)


def parts(url: str) -> tuple[str, str]:
    query = parse_qs(urlsplit(url).query)
    return query["c"][0], query["s"][0]


def with_parts(payload: str, signature: str) -> str:
    return f"{BASE}/a?" + urlencode({"c": payload, "s": signature})


def test_what_was_signed_is_what_is_verified():
    found = verify(*parts(link("escalate")), [LINK_KEY], NOW)
    assert (found.incident, found.action, found.actor) == ("inc-7", "escalate", "person:yuki")
    assert (found.generation, found.lang) == (3, "en")
    assert found.exp - found.iat == timedelta(days=7).total_seconds()


def test_making_a_link_twice_gives_the_same_link_and_another_person_another():
    assert link() == link()
    assert link() != make_link(BASE, "inc-7", "acknowledge", "person:ken", 3, NOW, LINK_KEY, "en")


@pytest.mark.parametrize("action", ["note", "severity", "delete"])
def test_there_is_no_link_for_what_needs_typing(action):
    with pytest.raises(ValueError, match="more than a click"):
        link(action)


def test_an_empty_secret_signs_and_opens_nothing():
    with pytest.raises(ValueError, match="empty secret"):
        link(secret="")
    with pytest.raises(BadLink):
        verify(*parts(link()), ["", ""], NOW)


def test_a_link_that_no_mail_would_carry_whole_is_not_made():
    longest = next(n for n in range(3000, 0, -1) if _fits(incident="i" * n))
    assert len(parts(link(incident="i" * longest))[0]) <= MAX_PAYLOAD
    with pytest.raises(ValueError, match="at most"):
        link(incident="i" * (longest + 1))


def _fits(**changes) -> bool:
    try:
        return bool(link(**changes))
    except ValueError:
        return False


def test_the_secret_can_be_rotated():
    old = parts(link(secret="old"))
    assert verify(*old, ["new", "old"], NOW).incident == "inc-7"
    with pytest.raises(BadLink):
        verify(*old, ["new"], NOW)


def test_it_ends_after_seven_days():
    payload, signature = parts(link())
    verify(payload, signature, [LINK_KEY], NOW + timedelta(days=7, seconds=-1))
    with pytest.raises(ExpiredLink):
        verify(payload, signature, [LINK_KEY], NOW + timedelta(days=7))


def test_nothing_in_it_can_be_changed():
    payload, signature = parts(link())
    fields = json.loads(base64.urlsafe_b64decode(payload + "=="))
    for name in fields:
        forged = json.dumps({**fields, name: 9}).encode()
        text = base64.urlsafe_b64encode(forged).rstrip(b"=").decode()
        with pytest.raises(BadLink):
            verify(text, signature, [LINK_KEY], NOW)


@given(st.text(max_size=60), st.text(max_size=60))
def test_anything_else_is_a_bad_link(payload, signature):
    with pytest.raises(BadLink):
        verify(payload, signature, [LINK_KEY], NOW)


def test_a_signed_text_that_is_no_link_is_refused():
    from toban.kernel.edge.links import _mac

    with pytest.raises(BadLink):
        verify("bm90IGEgbGluaw", _mac("bm90IGEgbGluaw", LINK_KEY), [LINK_KEY], NOW)
    with pytest.raises(BadLink):
        verify("é", "é", [LINK_KEY], NOW)


def test_sign_gives_the_query_of_the_link():
    found = verify(*parts(link()), [LINK_KEY], NOW)
    assert link() == f"{BASE}/a?{sign(found, LINK_KEY)}"


# --- the pages -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_a_link_changes_nothing(method):
    # Mail scanners and chat previews open every link.
    desk = Desk()
    response = desk.open_link(method, link())
    assert response.status == 200
    assert b"<button" in response.body
    assert desk.published == []


def test_the_button_acts():
    desk = Desk()
    desk.clock.advance(90)
    response = desk.open_link("POST", link())
    assert response.status == 200
    assert b"Asked for, not yet recorded" in response.body
    (event,) = desk.published
    body = event.body
    assert isinstance(body, CommandIssued)
    assert (body.incident_id, body.action, body.actor) == ("inc-7", "acknowledge", "person:yuki")
    assert (body.via, body.generation) == ("link", 3)
    assert event.time == NOW + timedelta(seconds=90)
    assert event.source == "/ingress/action"


def test_the_form_posts_to_the_link_itself():
    page = Desk().open_link("GET", link()).body.decode()
    action = page.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
    assert link().endswith(action)


def test_a_double_click_is_one_command_byte_for_byte():
    desk = Desk()
    desk.open_link("POST", link())
    desk.clock.advance(5)
    desk.open_link("POST", link())
    first, second = desk.published
    assert first.id == second.id
    assert to_message(first).data == to_message(second).data


def test_two_links_are_two_commands():
    desk = Desk()
    desk.open_link("POST", link("acknowledge"))
    desk.open_link("POST", link("resolve"))
    assert len({event.id for event in desk.published}) == 2


@pytest.mark.parametrize(
    ("language", "action", "asked"),
    [
        ("ja", "acknowledge", "対応を引き受ける"),
        ("ja", "resolve", "解決済みにする"),
        ("ja", "reopen", "再開する"),
        ("ja", "escalate", "エスカレーションする"),
        ("en", "acknowledge", "Acknowledge"),
        ("en", "resolve", "Resolve"),
        ("en", "reopen", "Reopen"),
        ("en", "escalate", "Escalate"),
    ],
)
def test_pages_speak_the_language_of_the_link(language, action, asked):
    page = Desk().open_link("GET", link(action, language=language)).body.decode()
    assert f'<html lang="{language}">' in page
    assert asked in page
    assert Desk().open_link("POST", link(action, language=language)).status == 200


def test_a_late_click_is_told_so():
    desk = Desk()
    desk.clock.advance(timedelta(days=8))
    for method in ("GET", "POST"):
        response = desk.open_link(method, link(language="ja"))
        assert response.status == 410
        assert "有効期限が切れています" in response.body.decode()
    assert desk.published == []


def test_whatever_is_in_a_link_is_shown_as_text():
    evil = '"><img src=x onerror=alert(1)><script>'
    page = Desk().open_link("GET", link(incident=evil)).body.decode()
    assert "<img" not in page
    assert "<script" not in page
    assert "&lt;img" in page


def test_pages_load_nothing_and_cannot_be_framed():
    response = Desk().open_link("GET", link())
    page = response.body.decode()
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    assert "http:" not in page
    assert "https:" not in page
    assert "prefers-color-scheme:dark" in page
    assert 'name="viewport"' in page


def test_the_style_is_the_one_the_policy_allows():
    import hashlib

    response = Desk().open_link("GET", link())
    style = response.body.decode().partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in response.headers["Content-Security-Policy"]


BAD = [
    f"{BASE}/a",
    f"{BASE}/a?c=&s=",
    f"{BASE}/a?c=x&s=y",
    with_parts(parts(link())[0], "é"),
    with_parts(parts(link())[0], parts(link("resolve"))[1]),
    with_parts(parts(link())[0] + "A", parts(link())[1]),
    with_parts(parts(link())[0] + "=", parts(link())[1]),
    with_parts("A" * 100_000, parts(link())[1]),
    link(secret="not ours"),
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("url", BAD)
def test_a_forged_link_is_refused_without_detail_and_logged(method, url):
    desk = Desk()
    with logged() as lines:
        response = desk.open_link(method, url, **{"accept-language": "ja,en;q=0.5"})
    assert response.status == 403
    assert "このリンクは使えません" in response.body.decode()
    assert desk.published == []
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert line["security"] is True
    assert parts(link())[1] not in lines.getvalue()


@pytest.mark.parametrize("path", ["//a", "/a/", "/b", "/%61", "/../a"])
def test_other_paths_are_not_found(path):
    assert Desk().open_link("GET", f"{BASE}{path}").status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(method):
    response = Desk().open_link(method, link())
    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"


def test_while_the_bus_is_down_the_person_is_asked_to_try_again():
    desk = Desk()
    desk.bus_is_down = True
    with logged():
        response = desk.open_link("POST", link())
    assert response.status == 503
    assert b"Nothing has been done yet" in response.body


def test_without_the_secret_nothing_can_be_done():
    desk = Desk()
    desk.secrets.set("LINK_SIGNING")
    with logged() as lines:
        assert desk.open_link("POST", link()).status == 503
    assert "LINK_SIGNING" in lines.getvalue()
    assert desk.published == []


# --- who it was --------------------------------------------------------------------------------


def test_a_link_to_a_shared_place_proves_the_link_and_not_the_person():
    desk = Desk()
    desk.open_link("POST", link())
    (event,) = desk.published
    assert (event.body.proof, event.body.actor) == ("link:", "person:yuki")
    assert (event.body.subject(), event.subject) == ("incidents/inc-7", "incidents/inc-7")


def test_a_link_to_somebody_s_own_address_proves_them():
    desk = Desk()
    desk.open_link("POST", link(person="person:yuki"))
    assert desk.published[0].body.proof == "link:person:yuki"


def test_the_release_before_takes_a_personal_link_too():
    # Its `SignedLink` refuses a field it does not know: what is new stands in the nonce.
    payload, _ = parts(link(person="person:yuki"))
    fields = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert set(fields) == {
        "incident",
        "action",
        "actor",
        "generation",
        "exp",
        "nonce",
        "iat",
        "lang",
    }
    assert fields["nonce"].startswith("person:yuki.")


def test_a_refused_link_leaves_one_line_of_the_command_log():
    desk = Desk()
    desk.clock.advance(timedelta(days=8))
    with logged() as lines:
        desk.open_link("POST", link(person="person:yuki"))
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert (line["message"], line["outcome"], line["seen"]) == ("command", "stale", 3)
    assert (line["actor"], line["proof"]) == ("person:yuki", "link:person:yuki")
    assert (line["subject"], line["action"]) == ("incidents/inc-7", "acknowledge")
    assert line["environment"] == "production"
