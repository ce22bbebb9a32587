"""Ids that derive from their cause."""

from hypothesis import given
from hypothesis import strategies as st

from toban.kernel.clock.schedule import name_of
from toban.kernel.ids import body_hash, derive

PARTS = st.lists(st.text(), max_size=4)


def test_an_id_is_the_same_for_ever():
    """A golden value: receipts and documents of a running installation are found by it."""
    assert derive("receipt", "open_incident", "evt-1") == "yzkwn3tkacbjnrebystplprb6f"
    assert body_hash(b"{}") == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@given(PARTS, PARTS)
def test_different_parts_have_different_ids_however_they_are_cut(one, other):
    assert (derive(*one) == derive(*other)) == (one == other)


def test_the_boundary_between_parts_counts():
    assert len({derive("ab", "c"), derive("a", "bc"), derive("abc"), derive("abc", "")}) == 4


@given(PARTS, st.integers(1, 52))
def test_ids_are_short_lower_case_and_fit_any_name(parts, length):
    id = derive(*parts, length=length)
    assert len(id) == length
    assert set(id) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert derive(*parts, length=52).startswith(id)


def test_text_that_is_no_unicode_has_an_id_too():
    assert derive("\ud800") != derive("\ud801")


def test_a_schedule_has_the_same_name_for_ever():
    """Cloud Scheduler keeps its jobs by it: one that is named otherwise runs beside the old one."""
    assert name_of("chat", "main-db", "daily") == "chat--main-db--daily"
    odd = name_of("Chat", "-Main DB!-", "x" * 70, "日本")
    assert odd == "chat--main-db--" + "x" * 60 + "--x---f867ae0c9777"
