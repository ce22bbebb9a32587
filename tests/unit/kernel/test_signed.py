"""Posts signed with a shared secret: which signatures count, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from toban.kernel.edge.http import Request
from toban.kernel.edge.row import AuthContext, IngressResult, RequestRefused
from toban.kernel.edge.signed import signature, signed, signed_row
from toban.testing import NOON

KEY, OLD = "k" * 32, "o" * 32
AT = int(NOON.timestamp())


def check(header: str | None, body: bytes | None = b"{}", secrets=(KEY, OLD), ahead: float = 0):
    headers = {} if header is None else {"x-toban-signature": header}
    now = NOON + timedelta(seconds=ahead)
    return signed(Request("POST", "/x", headers=headers, body=body), AuthContext(secrets, now))


@pytest.mark.parametrize("secret", [KEY, OLD])
@pytest.mark.parametrize("body", [b"{}", b"", b"\xff"])
def test_what_is_signed_with_any_valid_secret_is_let_in_and_says_when(secret, body):
    assert check(signature(secret, AT, body), body) == NOON
    assert check(f" {signature(secret, AT, body)} ", body) == NOON


def test_several_signatures_may_be_given_and_one_has_to_fit():
    _, right = signature(KEY, AT, b"{}").split(",")
    assert check(f"t={AT},v1={'0' * 64},{right}") == NOON
    assert check(f"t={AT},{right},v1={'0' * 64}") == NOON
    assert check(f"t={AT},v0=00,{right}") == NOON
    with pytest.raises(RequestRefused, match="does not fit"):
        check(f"t={AT},v0={right.removeprefix('v1=')}")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (None, "no signature"),
        (" ", "no signature"),
        ("v1=00", "malformed"),
        (f"t={AT}", "malformed"),
        (f"v1=00,v1={'0' * 64}", "malformed"),
        (f"t={AT},t={AT},v1={'0' * 64}", "malformed"),
        (f"t=ff,v1={'0' * 64}", "malformed"),
        (f"t={'1' * 13},v1={'0' * 64}", "malformed"),
        (f"t={AT},v1={'0' * 1000}", "malformed"),
        (f"t={AT};v1={'0' * 64}", "malformed"),
        (f"t={AT},v1={'0' * 64}", "does not fit"),
        (signature("other" * 8, AT, b"{}"), "does not fit"),
        (signature(KEY, AT, b"{} "), "does not fit"),
        (signature(KEY, AT + 1, b"{}").replace(str(AT + 1), str(AT)), "does not fit"),
    ],
)
def test_anything_else_is_refused_with_its_reason(header, said):
    with pytest.raises(RequestRefused, match=said):
        check(header)


def test_an_empty_secret_signs_nothing():
    with pytest.raises(RequestRefused, match="does not fit"):
        check(signature("", AT, b"{}"), secrets=("",))


@pytest.mark.parametrize(
    ("ahead", "taken"), [(300, True), (-300, True), (301, False), (-301, False)]
)
def test_a_signature_counts_for_five_minutes_either_way(ahead, taken):
    if taken:
        assert check(signature(KEY, AT, b"{}"), ahead=ahead) == NOON
    else:
        with pytest.raises(RequestRefused, match="more than 300 s"):
            check(signature(KEY, AT, b"{}"), ahead=ahead)


def test_a_row_of_signed_posts_asks_for_a_signature():
    row = signed_row("/in", "KEY", lambda _: IngressResult([]), "deploy")
    assert (row.path, row.secret, row.challenge) == ("/in", "KEY", "Toban-Signature")
    assert (row.answers.what, row.methods, row.check) == ("deploy", ("POST",), signed)
