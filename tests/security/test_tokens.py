"""ID tokens with real signatures: who is let in, who is not, and what it costs to ask."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

import pytest

from tests.plugins.google_keys import GoogleKeys, claims, confused, part, signed
from tests.security.desk import ACTORS, AUDIENCE, Desk, command_request, google_keys, logged
from toban.adapters.google import identity
from toban.adapters.google.identity import GoogleTokens
from toban.kernel.edge.http import Response
from toban.kernel.edge.identity import Callers

AOKI = "aoki@example.jp"


@pytest.fixture(autouse=True)
def desk() -> Desk:
    return Desk()


def post(desk: Desk, token: str) -> Response:
    with logged() as lines:
        response = desk.ask("ingest_action", command_request(token=token))
    desk.lines = [json.loads(text) for text in lines.getvalue().splitlines()]
    for piece in (token, token.rsplit(".", maxsplit=1)[-1]):
        assert len(piece) < 6 or piece not in lines.getvalue()
    return response


def good(**changed: object) -> dict[str, object]:
    return claims(AOKI, AUDIENCE, **changed)


NOW = int(time.time())
HOURS = 3600


@pytest.mark.parametrize(
    "said",
    [
        good(),
        good(iss="accounts.google.com"),
        good(email="Aoki@Example.JP"),
        claims("baba@partner.example", AUDIENCE, hd=None),
        claims("robot@shop.iam.gserviceaccount.com", AUDIENCE, hd=None),
    ],
    ids=["domain", "older issuer", "case", "listed without a managed account", "service account"],
)
def test_who_is_on_the_list_is_let_in(desk, said):
    assert post(desk, signed(said)).status == 200
    body = desk.published[0].body
    assert (body.actor, body.proof) == (said["email"].casefold(), f"google:{body.actor}")


REFUSED = {
    "another audience": signed(good(aud="https://elsewhere.example")),
    "the audience of gcloud itself": signed(good(aud="32555940559.apps.googleusercontent.com")),
    "an audience that begins so": signed(good(aud=AUDIENCE + ".evil.example")),
    "a list of audiences": signed(good(aud=[AUDIENCE])),
    "no audience": signed(good(aud=None)),
    "another issuer": signed(good(iss="https://accounts.google.com.evil.example")),
    "the issuer of Firebase": signed(good(iss="https://securetoken.google.com/p")),
    "no issuer": signed(good(iss=None)),
    "expired": signed(good(iat=NOW - 2 * HOURS, exp=NOW - HOURS)),
    "not yet valid": signed(good(iat=NOW + HOURS, exp=NOW + 2 * HOURS)),
    "no end": signed(good(exp=None)),
    "an end that is no number": signed(good(exp="tomorrow")),
    "an end that is true": signed(good(exp=True)),
    "no beginning": signed(good(iat=None)),
    "an address that is not verified": signed(good(email_verified=False)),
    "verified as text": signed(good(email_verified="true")),
    "nothing about verification": signed(good(email_verified=None)),
    "no address": signed(good(email=None)),
    "an address that is none": signed(good(email="aoki")),
    "an address that is a list": signed(good(email=[AOKI])),
    "HS256 with the certificate": confused(good()),
    "no algorithm": f"{part({'alg': 'none', 'kid': 'one'})}.{part(good())}.",
    "another algorithm": signed(good(), header={"alg": "RS512"}),
    "an elliptic one": signed(good(), header={"alg": "ES256"}),
    "no key id": signed(good(), header={"kid": None}),
    "an unknown key": signed(good(), "stranger"),
    "a strange key under a known name": signed(good(), "stranger", {"kid": "one"}),
    "a key id that is an address": signed(good(), header={"kid": "https://evil.example/k"}),
    "a key id that is an object": signed(good(), header={"kid": {"a": 1}}),
    "a changed body": ".".join(
        [signed(good()).split(".")[0], part(good(email="baba@example.jp")), signed(good()).split(".")[2]]
    ),
    "no signature": signed(good()).rpartition(".")[0] + ".",
    "two parts": signed(good()).rpartition(".")[0],
    "four parts": signed(good()) + ".e30",
    "a body that is a list": signed([1]),
    "a body that is no JSON": signed(b"{"),
    "a body without end": signed(b"[" * 5000),
    "a header without end": f"{part(b'[' * 3000)}.{part(good())}.AAAA",
    "endless": "e30." + "A" * 100_000 + ".e30",
    "not ASCII": "é.é.é",
    "dots": "..",
    "nothing of the kind": "hunter2-hunter2",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_any_other_token_is_refused_without_detail(desk, name):
    response = post(desk, REFUSED[name])
    assert (response.status, response.body) == (401, b"")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert desk.published == []
    (line,) = desk.lines
    assert (line["message"], line["outcome"], line["actor"]) == ("command", "refused", "")
    assert line["security"] is True
    assert line["reason"]


NOT_ALLOWED = {
    "anybody in the world": claims("somebody@gmail.com", AUDIENCE, hd=None),
    "another domain": claims("aoki@example.com", AUDIENCE),
    "an account that the domain does not manage": good(hd=None),
    "managed by another domain": good(hd="example.com"),
    "a domain that ends so": claims("aoki@evil-example.jp", AUDIENCE),
    "a domain below": claims("aoki@sub.example.jp", AUDIENCE),
    "claims to be managed by ours": claims("aoki@evil.example", AUDIENCE, hd="example.jp"),
    "the domain as a list": good(hd=["example.jp"]),
    "two at signs": claims("aoki@example.jp@evil.example", AUDIENCE, hd="evil.example"),
}


@pytest.mark.parametrize("name", NOT_ALLOWED)
def test_a_genuine_token_of_anybody_else_is_not_enough(desk, name):
    response = post(desk, signed(NOT_ALLOWED[name]))
    assert response.status == 403
    assert json.loads(response.body) == {"error": "not allowed"}
    assert desk.published == []
    (line,) = desk.lines
    assert line["outcome"] == "refused"
    assert "is not in TOBAN_ACTORS" in line["reason"]


@pytest.mark.parametrize(
    ("audiences", "actors", "missing"),
    [(AUDIENCE, "", "TOBAN_ACTORS"), (AUDIENCE, " , ", "TOBAN_ACTORS"), ("", ACTORS, "TOBAN_PUBLIC_URL")],
)  # fmt: skip
def test_with_nobody_on_the_list_nobody_acts(audiences, actors, missing):
    callers = Callers.of(GoogleTokens(google_keys().url), audiences, actors)
    desk = Desk(identify=callers.identify)
    assert post(desk, signed(good())).status == 503
    assert desk.lines[0]["missing"] == missing
    assert desk.published == []


# --- certificates ------------------------------------------------------------------------------


@pytest.fixture
def google():
    keys = GoogleKeys("one")
    yield keys
    keys.close()


@pytest.fixture
def fresh(google):
    return Desk(identify=Callers.of(GoogleTokens(google.url), AUDIENCE, ACTORS).identify)


def test_certificates_are_fetched_once_and_not_for_made_up_tokens(google, fresh):
    for _ in range(5):
        assert post(fresh, signed(good())).status == 200
        assert post(fresh, signed(good(), "stranger")).status == 401
        assert post(fresh, "a.b.c").status == 401
    assert google.asked == 1


def test_without_a_token_none_are_fetched(google, fresh):
    with logged():
        assert fresh.ask("ingest_action", command_request(token="")).status == 401
    assert google.asked == 0


def test_a_new_key_is_known_once_google_shows_it(google, fresh, monkeypatch):
    assert post(fresh, signed(good())).status == 200
    google.names.append("two")
    assert post(fresh, signed(good(), "two")).status == 401, "asked a moment ago"
    real = time.monotonic
    monkeypatch.setattr(identity.time, "monotonic", lambda: real() + identity.LEAST_S)
    assert post(fresh, signed(good(), "two")).status == 200


def test_while_google_does_not_answer_nobody_is_refused_for_good(google, fresh, monkeypatch):
    google.broken = True
    assert post(fresh, signed(good())).status == 503
    google.broken = False
    assert post(fresh, signed(good())).status == 503, "it is asked every five seconds"
    real = time.monotonic
    monkeypatch.setattr(identity.time, "monotonic", lambda: real() + identity.AGAIN_S)
    assert post(fresh, signed(good())).status == 200
    google.broken = True
    later = real() + identity.MOST_S
    monkeypatch.setattr(identity.time, "monotonic", lambda: later)
    assert post(fresh, signed(good())).status == 200, "what is known stays"


def test_many_at_once_fetch_them_once(google, fresh):
    token = signed(good())
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(fresh.ask("ingest_action", command_request(token=token)).status)

    with logged():
        threads = [threading.Thread(target=ask) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 12
    assert google.asked == 1


@pytest.mark.parametrize("url", ["http://certs.example/", "ftp://127.0.0.1/", "file:///etc/passwd"])
def test_certificates_come_over_https_or_from_this_machine(url):
    with pytest.raises(ValueError, match="https"):
        GoogleTokens(url)


def test_without_certificates_or_tokens_google_auth_is_not_imported():
    program = (
        "import sys; sys.path[:0] = ['shared']\n"
        "import toban.actions.ingress, toban.kernel.edge.identity\n"
        "print([m for m in sys.modules if m.startswith(('google.auth', 'google.oauth2'))])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"
