"""An alert whose sender never says that it is over: its incident says so, and the profile ends it."""

from __future__ import annotations

import json

import msgspec
import pytest

from tests import payloads
from tests.chains.worlds import World
from tests.profiles import Profile
from toban.profile.store import apply
from toban.strictyaml.values import Seconds

HOUR = 3600


@pytest.mark.parametrize("world", ["memory", "virtual"], indirect=True)
def test_what_is_not_heard_of_is_told_once_and_ends_as_that(
    world: World, profiles: dict[str, Profile]
) -> None:
    """Where time passes as the story says: nothing expires within seconds."""
    profile = profiles[world.service]
    grouping = msgspec.structs.replace(profile.grouping, expire_after=Seconds(HOUR))
    forgetful = msgspec.structs.replace(profile, grouping=grouping)
    apply(world.platform.store, [forgetful], world.now())
    world.platform.cache.clear()

    alert = payloads.alert(name="Forgotten", starts_at=world.ago(0))
    world.alertmanager(alert)
    first = world.incident(what="the incident")
    world.command(first, "acknowledge", actor="Baba")
    world.incident(lambda i: i.status == "acknowledged", "the acknowledgement")
    world.pass_time(HOUR / 2 + 60)
    told = world.incident(lambda i: i.unheard_since, "that nothing is heard of it")
    assert (told.status, world.paged("unheard")) == ("acknowledged", ["Baba"])

    world.pass_time(HOUR / 2 + 60)
    over = world.incident(lambda i: i.status == "resolved", "the end")
    world.settle()
    assert [
        e.kind for e in over.timeline if e.kind in ("unheard", "closed-unheard", "resolved")
    ] == [
        "unheard",
        "closed-unheard",
    ]
    assert world.paged("unheard") == ["Baba"]
    last = json.dumps(world.room()[-1])
    assert "not heard of" in last.lower()
    assert "resolved" not in last.lower()

    world.alertmanager(alert)
    world.wait(lambda: len(world.incidents()) == 2, "that it goes on in an incident of its own")
    world.wait(lambda: world.paged("opened") == ["Aoki", "Aoki"], "the page")
