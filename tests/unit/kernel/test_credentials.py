"""Credentials in a header: which are right, and what no sender can do with the others."""

from __future__ import annotations

import base64

import pytest

from toban.kernel.edge.credentials import as_bytes, check_basic, same
from toban.kernel.edge.row import CredentialsMissing, RequestRefused

SECRETS = ["new:pass:word", "old:geheim"]


def basic(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("scheme", ["Basic", "basic", " BASIC"])
@pytest.mark.parametrize("secret", SECRETS)
def test_any_of_the_secrets_is_right_and_the_scheme_has_no_case(scheme, secret):
    check_basic(f"{scheme} {basic(secret)} ", SECRETS)


@pytest.mark.parametrize(
    "header",
    [
        f"Bearer {basic(SECRETS[0])}", "Basic", "Basic !", "Basic é\udcff", f"Basic {basic('new:')}",
        f"Basic {basic('')}", f"Basic {basic(SECRETS[0])[:-1]}",
    ],
)  # fmt: skip
def test_anything_else_is_refused(header):
    with pytest.raises(RequestRefused):
        check_basic(header, [*SECRETS, ""])


def test_without_any_it_is_asked_for():
    with pytest.raises(CredentialsMissing):
        check_basic("", SECRETS)


def test_an_empty_secret_is_nobodys():
    assert not same(b"", [""])
    assert not same(b"a", [])
    assert same(b"a", ["a", "a"])


def test_what_is_no_unicode_is_compared_as_it_came():
    assert as_bytes("é\udcff") == "é".encode() + b"\xed\xb3\xbf"
    assert not same(as_bytes("\udcff"), ["x"])
