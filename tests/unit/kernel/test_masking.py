"""Credentials are masked wherever they stand in a text; what only looks random stays readable."""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.credentials import harmless, leaks
from toban.kernel.secrecy.masking import MASK, mask, mask_named, masked

LEAKS = leaks()


@pytest.mark.parametrize("name", LEAKS)
def test_a_credential_is_masked_and_the_text_around_it_stays(name):
    text, secret = LEAKS[name]
    shown = mask(text)
    assert secret not in shown
    assert MASK in shown
    assert shown.split(maxsplit=1)[0][:4] == text.split(maxsplit=1)[0][:4]


@pytest.mark.parametrize("name", LEAKS)
def test_nothing_of_it_is_left_that_could_be_guessed_from(name):
    text, secret = LEAKS[name]
    shown = mask(text)
    for start in range(len(secret) - 7):
        assert secret[start : start + 8] not in shown or secret[start : start + 8] in MASK


@pytest.mark.parametrize("name", LEAKS)
@pytest.mark.parametrize("around", ["{}", "\n{}\n", "({})", "「{}」", '"{}"', "{} {}", "x\t{}"])
def test_it_is_found_whatever_stands_around_it(name, around):
    text, secret = LEAKS[name]
    assert secret not in mask(around.format(text, text))


@pytest.mark.parametrize("name", LEAKS)
def test_masking_twice_is_masking_once(name):
    once = mask(LEAKS[name].text)
    assert mask(once) == once


@pytest.mark.parametrize("text", harmless())
def test_what_is_no_credential_stays_readable(text):
    assert mask(text) == text


@given(st.text(max_size=300))
def test_any_text_is_masked_stably(text):
    once = mask(text)
    assert mask(once) == once


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "eyJ",
            "-eyJa",
            "://a:",
            "://",
            "password=",
            "Bearer ",
            "a:b@",
            "-----BEGIN PRIVATE KEY-----",
        ),
        *("x", "token ", "secret=", "?sig=", "ghp_", "a@", "--password ", "Cookie: ", ":AA", "1"),
    ],
)
def test_a_hostile_text_costs_no_more_than_in_proportion(piece):
    """Ten times the text takes far less than a hundred times as long."""

    def best(length: int) -> float:
        text = (piece * (length // len(piece) + 1))[:length] + " password"
        took = []
        for _ in range(3):
            began = time.process_time()
            mask(text)
            took.append(time.process_time() - began)
        return min(took)

    assert best(40_000) < 40 * max(best(4_000), 1e-4)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("password", "geheim", MASK),
        ("DB_PASSWORD", "geheim", MASK),
        ("apiKey", "abc", MASK),
        ("password", "required", "required"),
        ("secret", "db-credentials", "db-credentials"),
        ("secret", "tls-cert-2024", "tls-cert-2024"),
        ("pod", "checkout-7d9f8b6c5d-x2x8z", "checkout-7d9f8b6c5d-x2x8z"),
        ("token_count", "17", "17"),
        ("instance", "a:1", "a:1"),
    ],
)
def test_a_named_value_is_judged_by_its_name_too(name, value, shown):
    assert mask_named(name, value) == shown


class Inner(msgspec.Struct, frozen=True):
    text: str


class Outer(msgspec.Struct, frozen=True):
    id: str
    text: str
    inner: list[Inner] = []
    labels: dict[str, str] = {}
    number: int = 1


def test_a_struct_is_masked_in_all_its_texts_but_those_to_keep():
    secret = LEAKS["jwt"].secret
    found = masked(
        Outer(secret, f"a {secret}", [Inner(secret)], {"db_password": "x1", secret: "y"}), "id"
    )
    assert found == Outer(
        secret, f"a {MASK}", [Inner(MASK)], {"db_password": MASK, MASK: "y"}, number=1
    )


def test_a_struct_without_secrets_comes_back_itself():
    outer = Outer("1", "pod-1", [Inner("x")], {"pod": "a"})
    assert masked(outer) is outer
