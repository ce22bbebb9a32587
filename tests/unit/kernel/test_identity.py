"""Who may act by an ID token: meant for us, valid now, of a verified address on the list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from toban.kernel.edge.identity import MAX_TOKEN, CallerNotAllowed, Callers
from toban.kernel.edge.row import RequestRefused, SettingMissing
from toban.ports import InvalidToken
from toban.testing import NOON

AT = int(NOON.timestamp())
GOOD = {
    "iss": "https://accounts.google.com", "aud": "https://t.test", "exp": AT + 60,
    "email": "Aoki@shop.test", "email_verified": True,
}  # fmt: skip


class Tokens:
    """Any token says what it is given."""

    def __init__(self, claims: dict[str, Any]) -> None:
        self._claims = claims

    def claims(self, token: str) -> dict[str, Any]:
        if token == "forged":
            raise InvalidToken("the signature does not fit")
        return self._claims


def identify(
    token: str = "t", audiences: str = "https://t.test", actors: str = "aoki@shop.test",
    ahead: float = 0, **claims: Any,
) -> str:  # fmt: skip
    said = {name: value for name, value in {**GOOD, **claims}.items() if value is not ...}
    callers = Callers.of(Tokens(said), audiences, actors)
    return callers.identify(token, NOON + timedelta(seconds=ahead))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"iss": "accounts.google.com"},
        {"token": "t" * MAX_TOKEN},
        {"audiences": " https://other.test , https://t.test,"},
        {"actors": "baba@shop.test, AOKI@shop.test"},
        {"ahead": 69},
        {"actors": "@shop.test", "hd": "Shop.test"},
    ],
)
def test_whoever_is_on_the_list_is_known_by_their_address(more):
    assert identify(**more) == "aoki@shop.test"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"token": "forged"}, "the signature does not fit"),
        ({"token": "t" * (MAX_TOKEN + 1)}, "not an ID token"),
        ({"token": "é"}, "not an ID token"),
        ({"iss": "https://accounts.test"}, "another issuer"),
        ({"iss": ...}, "another issuer"),
        ({"aud": "https://other.test"}, "another audience"),
        ({"aud": ["https://t.test"]}, "another audience"),
        ({"aud": ...}, "another audience"),
        ({"ahead": 70}, "has expired"),
        ({"exp": ...}, "has expired"),
        ({"exp": str(AT + 60)}, "has expired"),
        ({"email": ...}, "no verified address"),
        ({"email": "aoki"}, "no verified address"),
        ({"email_verified": False}, "no verified address"),
        ({"email_verified": "true"}, "no verified address"),
        ({"email_verified": ...}, "no verified address"),
    ],
)
def test_a_token_that_proves_nobody_is_refused_with_its_reason(more, said):
    with pytest.raises(RequestRefused, match=said) as refused:
        identify(**more)
    assert refused.value.status == 401


@pytest.mark.parametrize(
    "more",
    [
        {"actors": "baba@shop.test"},
        # Anybody may have made an account for an address of the domain.
        {"actors": "@shop.test"},
        {"actors": "@shop.test", "hd": ""},
        {"actors": "@shop.test", "hd": "other.test"},
        {"actors": "@other.test", "hd": "other.test"},
        {"actors": "@shop.test", "hd": ["shop.test"]},
        {"actors": "@hop.test", "hd": "hop.test"},
    ],
)
def test_whoever_is_not_on_the_list_may_not_act(more):
    with pytest.raises(
        CallerNotAllowed, match=r"aoki@shop\.test is not in TOBAN_ACTORS"
    ) as refused:
        identify(**more)
    assert (refused.value.status, refused.value.told) == (403, "not allowed")


@pytest.mark.parametrize(
    ("more", "missing"),
    [({"actors": " , "}, "TOBAN_ACTORS"), ({"audiences": ""}, "TOBAN_PUBLIC_URL")],
)
def test_without_its_settings_nobody_may_act(more, missing):
    with pytest.raises(SettingMissing, match=missing):
        identify(**more)
