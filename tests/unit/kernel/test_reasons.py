"""Reasons are recorded in English, and read in the language of the reader."""

from __future__ import annotations

import pytest

from toban.kernel.reasons.texts import TEXTS
from toban.kernel.reasons.words import in_words, reason


@pytest.mark.parametrize("key", TEXTS)
def test_what_is_recorded_is_read_in_either_language(key):
    recorded = reason(key, name="A_B", channel="mail")
    assert in_words("en", recorded) == recorded
    words = TEXTS[key]["ja"].format(name="A_B", channel="mail")
    assert in_words("ja", recorded) == words
    assert in_words("ja", f"before: {recorded}") == f"before: {words}", "between other words"


def test_what_nobody_has_words_for_stays_as_it_is():
    for recorded in ("", "connection refused", "the secret is not set here", "{name} is not set"):
        assert in_words("ja", recorded) == recorded
