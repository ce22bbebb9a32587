"""What the record of a notification says, and what is under way."""

from datetime import timedelta
from types import SimpleNamespace
from typing import get_args

import msgspec
import pytest

from tests.unit.notify.test_deliver import MAIL, ROOM, Story
from tests.unit.notify.world import NOON, Crash, ListSenders, World, by_pair, page, paging, resolved
from toban.adapters.local.memory.store import MemorySecrets
from toban.events import Link
from toban.incidents.documents import Incident
from toban.kernel.errors import TryLater
from toban.kernel.outgoing import PUBLIC_URL, SENDERS
from toban.notify import deliver
from toban.notify.deliver import in_words_of_now
from toban.notify.documents import Notification, Status, record_of, tombstone
from toban.ports import SECRETS

STAGING = {"environment": "staging"}


def about(record: Notification) -> dict[str, object]:
    names = (
        "incident", "service", "target", "target_name", "channel", "kind", "page",
        "severity_label", "environment", "created_at", "lease_until",
    )  # fmt: skip
    return {name: getattr(record, name) for name in names}


def test_a_record_says_of_which_incident_it_is_whom_it_calls_and_since_when():
    request = by_pair(World().page(paging(2, **STAGING)))[ROOM]
    record = record_of(request, NOON)
    assert about(record) == {
        "incident": "inc-7", "service": "shop", "target": "channel:room", "target_name": "room",
        "channel": "room", "kind": "opened", "page": 2, "severity_label": "Critical",
        "environment": "staging", "created_at": NOON, "lease_until": NOON,
    }  # fmt: skip
    assert (record.state, record.attempts, record.address) == ("claimed", 1, request.address)


def test_a_tombstone_says_what_is_never_sent_because_of_which_closing():
    closing = msgspec.structs.replace(
        by_pair(World().page(paging(2, **STAGING)))[MAIL], kind="resolved"
    )
    stone = tombstone("ntf-x", closing, NOON)
    assert about(stone) == {
        "incident": "inc-7", "service": "shop", "target": "person:aoki", "target_name": "青木",
        "channel": "mail", "kind": "resolved", "page": 2, "severity_label": "Critical",
        "environment": "staging", "created_at": NOON, "lease_until": NOON,
    }  # fmt: skip
    assert (stone.id, stone.status, stone.attempts, stone.address) == ("ntf-x", "void", 0, "")
    assert not stone.maybe_sent
    assert stone.fence == 0, "nobody has claimed it"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("claimed", "sending"),
        ("waiting", "waiting"),
        ("done", "sent"),
        ("failed", "failed"),
        ("void", "void"),
    ],
)
def test_a_state_in_words_for_people_and_whether_the_receiver_may_have_it(state, said):
    record = record_of(by_pair(World().page(paging()))[MAIL], NOON)
    record.state = state
    assert record.status == said
    assert record.maybe_sent is (state == "done")
    record.unknown = True
    assert record.maybe_sent


@pytest.mark.parametrize("following", ["resolved", "acknowledged"])
@pytest.mark.parametrize("pair", [MAIL, ROOM])
def test_a_call_is_under_way_until_its_lease_ends(pair, following):
    """Whoever held it is gone by then, and the message may be there."""
    story = Story()
    story.world.die = (story.world.store.commits + 2, "before")
    with pytest.raises(Crash):
        story.send(story.opened[pair])
    story.world.die = None
    request = story.resolved[pair]
    if following == "acknowledged":
        request = msgspec.structs.replace(
            request, kind=following, closes=[], follows=[story.opened[pair].notification_id]
        )
    left = story.record(story.opened[pair]).lease_until - story.world.clock.now()
    story.world.clock.advance((left - timedelta(microseconds=1)).total_seconds())
    with pytest.raises(TryLater):
        story.send(request)
    story.world.clock.advance(1e-6)
    assert story.send(request) == "done"
    taken = story.record(story.opened[pair])
    assert (taken.state, taken.fence) == (
        ("void", 2) if following == "resolved" else ("claimed", 1)
    )


@pytest.mark.parametrize("field", ["closes", "follows"])
def test_what_is_closed_or_followed_is_read_at_once(field):
    story = Story()
    story.send(story.opened[MAIL])
    asked: list[int] = []
    inner = story.world.store.inner

    class Noting:
        def get(self, keys):
            asked.append(len(keys))
            return inner.get(keys)

        def __getattr__(self, name):
            return getattr(inner, name)

    story.world.store.inner = Noting()
    names = [*(f"ntf-{n}" for n in range(4)), story.opened[MAIL].notification_id]
    request = msgspec.structs.replace(
        story.opened[MAIL], kind="acknowledged", notification_id="ntf-new", **{field: names}
    )
    assert story.send(request) == "done"
    assert max(asked) >= len(names)


def test_a_mail_waits_for_no_earlier_one():
    """Only where messages change in place has a later one to find the first."""
    story = Story()
    story.world.die = (story.world.store.commits + 2, "before")
    with pytest.raises(Crash):
        story.send(story.opened[MAIL])
    story.world.die = None
    assert story.record(story.opened[MAIL]).status == "sending"
    assert story.send(story.escalated[MAIL]) == "done"


def test_a_channel_that_is_not_in_the_profile_is_not_tried_again():
    story = Story()
    request = msgspec.structs.replace(story.opened[MAIL], channel="gone")
    assert story.send(request) == "done"
    record = story.record(request)
    assert (record.status, record.attempts) == ("failed", 1)
    assert record.error == "channel gone is not in the profile"


def test_only_who_can_still_act_is_offered_links():
    senders = ListSenders()
    offered = [Link("Acknowledge", "https://t.test/a?c=1")]
    world = World(senders)
    world.handlers = {
        **world.handlers, "deliver_notification": deliver.handlers(senders, lambda *_: offered)
    }  # fmt: skip
    opened = by_pair(world.page(paging()))
    world.notify(opened[MAIL])
    world.notify(by_pair(world.page(resolved(page(0)), "evt-2"))[MAIL])
    first, last = (sent.text for sent in senders.sent)
    assert "https://t.test/a" in first
    assert "https://t.test/a" not in last


@pytest.mark.parametrize(
    "changes",
    [{"status": "acknowledged"}, {"generation": 9}, {"step": 5}, {"severity_label": "Other"}],
)
def test_a_page_that_waited_is_in_words_of_now_where_its_turn_is_another(changes):
    request = by_pair(World().page(paging()))[MAIL]
    now = msgspec.structs.replace(request.incident, title="as it is called by now")

    def as_of(snapshot):
        return in_words_of_now(request, SimpleNamespace(snapshot=lambda: snapshot))

    assert as_of(now) == request
    moved = msgspec.structs.replace(now, **changes)
    assert as_of(moved).incident == moved


@pytest.mark.parametrize(
    ("url", "keys", "links"), [("https://t.test", ["k" * 32], True), ("", ["k" * 32], False)]
)
def test_the_shipped_function_offers_links_where_it_has_an_address(url, keys, links):
    given = {
        SENDERS: ListSenders(), PUBLIC_URL: url, SECRETS: MemorySecrets({"LINK_SIGNING": keys}),
    }  # fmt: skip
    world = World(given[SENDERS])
    world.handlers = {
        **world.handlers, "deliver_notification": deliver.HANDLERS.make(given.__getitem__),
    }  # fmt: skip
    world.notify(by_pair(world.page(paging()))[MAIL])
    (sent,) = given[SENDERS].sent
    assert ("https://t.test/ingest_action/a?" in sent.text) is links
    assert set(deliver.HANDLERS.ports) == set(given)


def test_a_record_is_kept_while_its_incident_is_there():
    record = record_of(by_pair(World().page(paging()))[MAIL], NOON)
    assert record.holders() == (Incident.key("inc-7"),)
    said = {"sending", "waiting", "sent", "outbox", "failed", "void"}
    assert set(get_args(Status)) == said
    record.state, record.outbox = "done", True
    assert record.status == "outbox"
