"""Strict JSON: two readers of one body must not understand two different things."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban.kernel.strictjson import MAX_DEPTH, NotStrictJson, loads

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text().filter(lambda text: "\x00" not in text)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text().filter(lambda t: "\x00" not in t), inner)
    ),
)


@given(TREES, st.booleans())
def test_plain_json_is_read_as_everybody_reads_it(value, ascii_only):
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "Expecting value at line 1"),
        (b"{", "line 1, column 2"),
        (b"{'a':1}", "double quotes"),
        (b'{"a":1,}', "line 1"),
        (b"[1] [2]", "Extra data"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"a":1,"a":2}', "key 'a' occurs twice"),
        (b'{"x":{"a":1,"b":2,"a":1}}', "occurs twice"),
        (b'{"a":1,"\\u0061":2}', "key 'a' occurs twice"),
        (b"NaN", "NaN is not JSON"),
        (b"[Infinity]", "Infinity is not JSON"),
        (b"-Infinity", "-Infinity is not JSON"),
        (b"1e999", "beyond 64-bit floating point"),
        (b'{"a":[-1e400]}', "beyond 64-bit floating point"),
        (b"9223372036854775808", "beyond 64 bits"),
        (b"-9223372036854775809", "beyond 64 bits"),
        (b"1" * 5000, "limit"),
        (b'"\\ud800"', "lone surrogate"),
        (b'{"\\udfff":1}', "lone surrogate"),
        (b'"a\\u0000b"', "NUL"),
        ('"あ\\u0000"'.encode(), "NUL"),
        (b'"a\nb"', "control character"),
        (b"[" * 100_000, "too deeply"),
        (b"[" * 65 + b"]" * 65, f"deeper than {MAX_DEPTH}"),
    ],
)
def test_what_is_ambiguous_or_dangerous_is_refused_with_a_reason(body, why):
    with pytest.raises(NotStrictJson, match=re.escape(why)):
        loads(body)


def test_the_limits_themselves_are_fine():
    assert loads(b"[" * 63 + b"]" * 63)
    assert loads(b"[9223372036854775807,-9223372036854775808]") == [2**63 - 1, -(2**63)]
    assert loads(b'"\\ud83d\\ude00"') == "😀"


def test_a_reason_does_not_quote_the_body():
    with pytest.raises(NotStrictJson) as caught:
        loads(b'{"password": "hunter2" oops}')
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_as_deep_as_it_may_be_is_read(opened):
    closed = "]" if opened == "[" else "}"
    assert loads((opened * (MAX_DEPTH - 1) + "1" + closed * (MAX_DEPTH - 1)).encode())
    with pytest.raises(NotStrictJson, match="deeper than"):
        loads((opened * MAX_DEPTH + "1" + closed * MAX_DEPTH).encode())
    assert loads(("[" * MAX_DEPTH + "]" * MAX_DEPTH).encode())
