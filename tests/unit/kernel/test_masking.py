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


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("curl -u aoki:s3cret https://x", "curl -u aoki:[secret] https://x"),
        ("curl --user=aoki:s3cret x", "curl --user=aoki:[secret] x"),
        ("create user x identified by 'hunter2' now", "create user x identified by [secret] now"),
        ("ALTER ROLE x PASSWORD 'hunter2'", "ALTER ROLE x PASSWORD [secret]"),
        ("psql --password hunter22 -h x", "psql --password [secret] -h x"),
        ("x --db-password hunter22", "x --db-password [secret]"),
        ("TOKEN=abc123def x", "TOKEN=[secret] x"),
        ("token=abc123def9", "token=[secret]"),
        ("SECRET_KEY_BASE=abcdef1", "SECRET_KEY_BASE=[secret]"),
        ("Bearer abc.def-ghi1", "Bearer [secret]"),
        ("Bearer  abc.def-ghi1", "Bearer [secret]"),
        ("bearer%20abc.def-ghi1", "bearer [secret]"),
        ("app:hunter2@db.internal:5432", "app:[secret]@db.internal:5432"),
        ("app:hunter2@10.0.0.1", "app:[secret]@10.0.0.1"),
        ("app:hunter2@db.example.jp:5432", "app:[secret]@db.example.jp:5432"),
        ("redis-cli -a hunter22 ping", "redis-cli -a [secret] ping"),
        ("mysql -uroot -phunter22 x", "mysql -uroot -p[secret] x"),
        ("sshpass -p hunter22 ssh", "sshpass -p [secret] ssh"),
        ("docker login -u x -p hunter22 reg", "docker login -u x -p [secret] reg"),
        ("requirepass hunter22", "requirepass [secret]"),
        ("Authorization: Digest abcdef123", "Authorization: Digest [secret]"),
        ("Cookie: a=b; c=d", "Cookie: [secret]"),
        ("/x?token=abc&x=1", "/x?token=[secret]&x=1"),
        ("password=hunter22 and", "password=[secret] and"),
        ('password: "hunter 22"', 'password: "[secret]"'),
        ("x-api-key: abcdef12", "x-api-key: [secret]"),
        # As Ruby and PHP write it.
        ("api_key => abcdef", "api_key => [secret]"),
        ("'password' => 'hunter22'", "'password' => '[secret]'"),
        ("secret: Ab3Ab3Ab3Ab3Ab3Ab3", "secret: [secret]"),
        ("https://u:p@h/x", "https://[secret]@h/x"),
        ("a -----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY----- b", "a [secret] b"),
    ],
)
def test_what_stands_around_a_credential_stays(said, shown):
    assert mask(said) == shown
    assert mask(shown) == shown
