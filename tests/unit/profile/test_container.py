"""A profile is a container of sections: decoded when asked for, stored as the first release did."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.profiles import Profile as WholeProfile
from toban.adapters.local.memory.store import MemoryStore
from toban.backups.section import BACKUP
from toban.channels.section import CHANNELS
from toban.channels.slack.kind import SlackChannel
from toban.escalation.section import ESCALATION
from toban.kernel.document import decode
from toban.oncall.section import ONCALL
from toban.people.section import PEOPLE
from toban.profile.builtin import BUILTIN
from toban.profile.profile import FIRST, NAMES, Profile, SectionKey, StoredProfile
from toban.profile.section import SERVICE, Service
from toban.profile.store import CurrentProfile, PinnedProfile, apply, pinned_id
from toban.profile.version import profile_version
from toban.sections.collect import defined
from toban.sections.load import load_profile, parse_profile
from toban.severities.section import SEVERITIES

NOON = datetime(2026, 11, 24, 3, tzinfo=UTC)
PREVIOUS = Path(__file__).parent / "previous"
"""A profile with every kind of everything, and how the first release stored it."""
VERSION = "79410493e6fc"


def written() -> dict[str, Any]:
    """The stored form, times as text."""
    return json.loads((PREVIOUS / "shop.json").read_text(encoding="utf-8"))


def stored() -> dict[str, Any]:
    """As a store gives it."""
    found = written()
    for override in found["oncall"]["overrides"]:
        for end in ("start", "end"):
            override[end] = datetime.fromisoformat(override[end])
    return found


def test_a_file_has_the_version_and_the_stored_form_that_it_had():
    profile = load_profile(PREVIOUS / "shop.yaml")

    store = MemoryStore()
    [change] = apply(store, [profile], NOON)

    assert (profile_version(profile), change.version) == (VERSION, VERSION)
    kept = store.get([PinnedProfile.key(pinned_id("shop", VERSION))])[0]
    assert kept is not None
    as_json = json.loads(json.dumps(kept.data["profile"], default=datetime.isoformat))
    assert as_json == written()
    assert list(as_json) == [name for name in NAMES if name in FIRST]


def test_what_the_first_release_stored_says_the_same_as_the_file():
    whole = load_profile(PREVIOUS / "shop.yaml")
    found = StoredProfile(stored())

    for section in defined():
        assert found[section.key] == whole[section.key], section.key.name
    assert profile_version(found) == VERSION


def test_a_section_is_decoded_when_it_is_asked_for_and_once():
    damaged = {**stored(), "severities": "what?", "backup": {"plans": 7}}
    profile = StoredProfile(damaged)

    assert profile[SERVICE].id == "shop"
    assert profile[CHANNELS]["chat"] == SlackChannel(
        token_secret="SLACK_BOT", channel="C1", fallback="hook"
    )
    assert profile[PEOPLE] is profile[PEOPLE]
    with pytest.raises(msgspec.ValidationError):
        profile[BACKUP]


def test_a_section_that_nobody_here_knows_is_left_alone():
    newer = {**stored(), "status_page": {"title": "Shop"}, "horoscope": [1, 2]}
    document = decode(PinnedProfile, {"id": "shop@v", "profile": newer})

    assert document.profile[SERVICE].id == "shop"
    assert document.profile[ONCALL] is not None


def test_an_absent_section_is_its_default_wherever_the_profile_comes_from():
    bare = parse_profile("service: {id: shop, name: Shop}\n").profile
    assert isinstance(bare, WholeProfile)

    for profile in (bare, StoredProfile({"service": {"id": "shop", "name": "Shop"}})):
        assert profile[SEVERITIES] == profile[ESCALATION] == ()
        assert (profile[PEOPLE], profile[CHANNELS], profile[ONCALL]) == ({}, {}, None)


def test_documents_hold_either_form():
    profile = load_profile(PREVIOUS / "shop.yaml")
    store = MemoryStore()
    apply(store, [profile], NOON)
    found = store.get([CurrentProfile.key("shop")])[0]
    assert found is not None
    document = decode(CurrentProfile, found.data)

    assert isinstance(document.profile, StoredProfile)
    again = MemoryStore()
    apply(again, [document.profile], NOON)
    copied = again.get([CurrentProfile.key("shop")])[0]
    assert copied is not None
    assert copied.data == found.data


def test_the_profile_of_last_resort_decodes():
    for section in defined():
        assert BUILTIN[section.key] is not NotImplemented
    assert [s.label for s in BUILTIN[SEVERITIES]] == ["critical", "warning", "info"]


def test_a_later_section_changes_no_version_until_it_says_something(monkeypatch):
    """A release with one more section leaves every stored version what it was."""
    from toban.sections import collect

    key = SectionKey("status_page", Service | None, None)
    more = (*defined(), collect.SectionDefinition(key, "toban.pages"))
    monkeypatch.setattr(collect, "defined", lambda: more)
    whole = collect.whole.__wrapped__()
    known = load_profile(PREVIOUS / "shop.yaml")
    fields = {name: getattr(known, name) for name in FIRST}

    silent, telling = whole(**fields), whole(**fields, status_page=Service(id="a", name="b"))

    assert profile_version(silent) == VERSION
    assert silent[key] is None
    assert profile_version(telling) != VERSION
    assert telling[key].id == "a"


def test_nothing_has_the_name_of_a_section_but_a_section():
    with pytest.raises(ValueError, match="'severity' is no settled name"):
        SectionKey("severity", Service)
    with pytest.raises(KeyError):
        Profile()[SERVICE]
