"""Whom a page reaches, which channel follows when one fails, and whose an address is."""

import msgspec
import pytest

from tests.unit.notify.world import PROFILE, incident, page
from toban.channels.email.kind import EmailChannel
from toban.notify.contacts import (
    asked_again,
    chain,
    fallback,
    is_own_address,
    person_of,
    reach,
    together,
)
from toban.oncall.targets import contact_by
from toban.people.section import Person

HOOK = ("channel:hook", "hook")


def reached(made, profile=PROFILE):
    return [(c.target, c.channel_id) for c in reach(profile, incident(), made).contacts]


def changed(**fields):
    return msgspec.structs.replace(PROFILE, **fields)


@pytest.mark.parametrize(
    ("reason", "hears"),
    [
        *((reason, True) for reason in ("opened", "raised", "joined", "reopened", "expired")),
        *((reason, False) for reason in ("escalated", "reminded", "repeated", "unheard")),
    ],
)
def test_the_severitys_own_targets_hear_of_what_is_new_and_not_of_the_next_step(reason, hears):
    assert (HOOK in reached(page(reason=reason))) is hears


def test_a_person_is_known_by_id_or_name_however_it_is_written():
    people = {"aoki": Person(name="Hanako Aoki"), "baba": Person(name="Baba")}
    profile = changed(people=people)

    assert person_of(profile, " AOKI ") == "person:aoki"
    assert person_of(profile, "hanako aoki\n") == "person:aoki"
    assert person_of(profile, "aok") == ""
    assert person_of(changed(people={"": Person(name=" ")}), "  ") == ""


def test_an_address_is_somebodys_own_where_it_is_that_persons_mail():
    assert is_own_address(PROFILE, "person:aoki", "aoki@shop.test")
    assert not is_own_address(PROFILE, "person:baba", "aoki@shop.test")
    assert not is_own_address(PROFILE, "channel:aoki", "aoki@shop.test")
    assert not is_own_address(PROFILE, "person:aoki", "U0AOKI")
    assert not is_own_address(PROFILE, "person:endo", "")
    assert not is_own_address(PROFILE, "person:nobody", "")


def test_one_channel_follows_the_other_except_those_that_were_tried():
    assert fallback(PROFILE, "channel:room", "room", ()).channel_id == "slack"
    assert fallback(PROFILE, "channel:room", "room", ("slack",)).channel_id == "last"
    assert fallback(PROFILE, "channel:room", "room", ("slack", "last")) is None
    assert fallback(PROFILE, "person:aoki", "slack", ("mail",)).channel_id == "last"
    assert fallback(PROFILE, "person:aoki", "last", ()) is None


def test_fallbacks_that_lead_back_to_the_one_that_failed_end():
    # Endo has no address: no channel of the circle is one that could be used.
    channels = {"a": EmailChannel(fallback="b"), "b": EmailChannel(fallback="a")}
    assert fallback(changed(channels=channels), "person:endo", "a", ()) is None


def test_a_chain_is_everything_that_may_be_used_in_order():
    first = contact_by(PROFILE, "channel:room", "room")
    assert [c.channel_id for c in chain(PROFILE, first, ())] == ["room", "slack", "last"]
    assert [c.channel_id for c in chain(PROFILE, first, ("slack",))] == ["room", "last"]
    assert {c.target for c in chain(PROFILE, first, ())} == {"channel:room"}


def test_a_target_is_reached_by_exactly_that_channel_or_not_at_all():
    mail = contact_by(PROFILE, "person:baba", "mail")
    assert (mail.target, mail.display_name, mail.asked) == ("person:baba", "Baba", "person:baba")
    assert (mail.address, mail.language) == ("baba@shop.test", "en")
    # Endo would be reached by what mail falls back to.
    assert contact_by(PROFILE, "person:endo", "mail") is None
    assert contact_by(PROFILE, "person:nobody", "mail") is None
    assert contact_by(PROFILE, "channel:room", "mail") is None
    instead = contact_by(PROFILE, "channel:room", "slack")
    assert (instead.target, instead.display_name, instead.asked) == (
        ("channel:room", "room", "channel:room")
    )


def test_a_shared_channel_has_one_message_filed_under_the_channel_itself():
    person, other, room = (
        contact_by(PROFILE, target, "room")
        for target in ("person:aoki", "person:baba", "channel:room")
    )
    mails = [contact_by(PROFILE, target, "mail") for target in ("person:aoki", "person:baba")]
    assert together(PROFILE, [person, *mails, other, room]) == [
        (room, person, other),
        (mails[0],),
        (mails[1],),
    ]


def test_a_reminder_asks_the_assignee_or_where_the_profile_knows_none_those_of_the_step():
    at = page().at
    assert asked_again(PROFILE, incident(assignee="青木"), at) == ["青木"]
    stranger = asked_again(PROFILE, incident(assignee="root"), at)
    assert stranger
    assert "root" not in stranger
    assert stranger == list(
        dict.fromkeys(
            c.display_name for c in reach(PROFILE, incident(), page(reason="reminded")).contacts
        )
    )
