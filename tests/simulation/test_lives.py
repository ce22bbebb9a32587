"""
More than a year of a laptop on a virtual clock: nothing that lives is ever removed, and when the lives
of what is over have passed, no address, phone number or label of theirs is anywhere in the data
directory: not in a document, a free page, a queue, a trace, a log or a draft.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.profiles import EmailChannel, Seconds
from tests.unit.incidents.world import SHOP
from tests.unit.kernel.test_sweep import backup, restore
from tests.unit.notify.conftest import mailbox, smtp
from toban.adapters.local.memory.store import MemorySecrets, VirtualClock
from toban.alerts.report import RawAlert, to_event
from toban.backups.documents import Backup
from toban.backups.jobs import BackupJob
from toban.backups.policy.restores import Restore
from toban.channels.config import ChannelConfig
from toban.channels.email.adapter import MailSender
from toban.channels.email.message import Mail
from toban.events import CommandIssued, IncidentReminded, NotificationRequested
from toban.incidents.documents import Alert, Incident
from toban.incidents.opening.identity import alert_id
from toban.kernel import log
from toban.kernel.document import Document, decode, encode
from toban.kernel.event import Body, Event, to_message
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.effect import Result
from toban.kernel.handling.handle import Handlers, handle
from toban.local import logs
from toban.local.clockwork import Clockwork
from toban.local.world import World, open_world
from toban.notify import deliver
from toban.notify.documents import Notification
from toban.ports import Create, Message, Query, Update
from toban.profile.store import PinnedProfile, apply, pinned_id
from toban.testing import ListSenders
from toban.topology.types import Topology

__all__ = ["mailbox", "smtp"]  # fixtures

START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NAP = timedelta(hours=34)
"""The lid is closed for so long between two hours of work: less than a leap of the clock."""

MARKS = {
    "closed": "label-of-what-was-closed-7001",
    "open": "label-of-what-stays-open-7002",
    "again": "label-of-what-was-reopened-7003",
    "address": "marker-aoki-7004@example.com",
    "parked": "words-in-a-parked-message-7005",
    "logged": "+81-90-7006-7006",
    "queued": "words-of-a-dead-letter-7007",
    "error": "words-of-a-failure-7008",
    "refused": "marker-baba-7009@example.net",
}


def with_mail(address: str):
    people = {
        name: msgspec.structs.replace(person, email=address) for name, person in SHOP.people.items()
    }
    channels = {name: EmailChannel(sender="toban@example.com") for name in SHOP.channels}
    return msgspec.structs.replace(
        SHOP,
        people=people,
        channels=channels,
        grouping=msgspec.structs.replace(SHOP.grouping, window=0),
        # Reminders each day would only make work.
        severities=tuple(
            msgspec.structs.replace(severity, remind_after=Seconds(60 * 86_400))
            for severity in SHOP.severities
        ),
    )


@dataclass
class Laptop:
    """The embedded runtime by hand: every function, the queue, the clockwork, one data directory."""

    data: Path
    world: World
    clock: VirtualClock
    senders: ListSenders = field(default_factory=ListSenders)

    def __post_init__(self) -> None:
        topology: Topology = self.world.topology
        # The others only make work.
        kept = {n: s for n, s in topology.schedules.items() if n in ("sweep", "each-minute")}
        self.topology = msgspec.structs.replace(topology, schedules=kept)
        self.handlers = dict(self.world.handlers())
        table = deliver.handlers(self.senders)
        for subscription in topology.subscriptions():
            if subscription.topic == NotificationRequested.TOPIC:
                self.handlers[subscription.name] = lambda delivered: handle(
                    "deliver_notification", table, delivered, self.world.platform
                )
        self.start()

    def start(self) -> None:
        self.clockwork = Clockwork(
            self.world.platform, self.topology, [self.world.tidy, logs.expire]
        )

    def pump(self) -> None:
        """Deliver what is due until everything rests; what fails is left to its back-off."""
        names = sorted(self.handlers)
        done = None
        while (claim := self.world.bus.claim(names, done)) is not None:
            done = claim
            try:
                self.handlers[claim.delivered.subscription](claim.delivered)
            except Exception:  # noqa: BLE001  it is logged, and comes again
                done = None

    def turn(self, by: timedelta) -> None:
        self.clock.advance(by)
        self.clockwork.turn()
        self.pump()

    def day(self) -> None:
        """Asleep, then awake for an hour, at the end of which the clockwork sweeps."""
        self.turn(NAP)
        self.turn(HOUR)

    # --- what happens ---------------------------------------------------------------------

    def tell(self, body: Body, id: str) -> None:
        event = Event(id=id, source="/test", time=self.clock.now(), body=body)
        self.world.bus.publish([to_message(event)])
        self.pump()

    def alert(self, name: str, *, label: str, rule: str, status: str = "firing") -> Alert:
        now = self.clock.now()
        report = RawAlert(
            source="generic", status=status, fingerprint=name, rule=rule, title=f"{rule} {label}",
            summary=label, severity="critical", labels={"app": "shop", "customer": label},
            starts_at=now, ends_at=now if status == "resolved" else None, links=(),
        )  # fmt: skip
        event = to_event(report, "", now, now)
        self.world.bus.publish([to_message(event)])
        self.pump()
        found = self.get(Alert, alert_id(event.body))
        assert found is not None
        return found

    def command(self, incident: str, action: str) -> None:
        body = CommandIssued(
            action=action, actor="aoki", via="cli", at=self.clock.now(), incident_id=incident
        )
        self.tell(body, f"{action}-{incident}-{self.clock.now().isoformat()}")

    def bury(self, incident: Incident) -> None:
        """A message that fails until it is given up; nothing redrives it."""
        name = "incident-reminded--page_responders"

        def fail(_body: object, _work: object) -> None:
            raise OSError(MARKS["error"])

        shipped = self.handlers[name]
        table = Handlers().on(IncidentReminded, Decision(fail))
        self.handlers[name] = lambda delivered: handle(
            "page_responders", table, delivered, self.world.platform
        )
        snapshot = msgspec.structs.replace(incident.snapshot(), title=MARKS["queued"])
        self.tell(IncidentReminded(incident=snapshot, page=incident.pages[0]), "buried")
        while not self.world.dead_letters.counts():
            self.turn(timedelta(minutes=10))
        self.handlers[name] = shipped

    # --- what there is --------------------------------------------------------------------

    def get(self, cls: type[Document], id: str):
        found = self.world.platform.store.get([cls.key(id)])[0]
        return None if found is None else decode(cls, found.data)

    def put(self, document: Document) -> None:
        self.world.platform.store.commit([Create(document.key(document.id), encode(document))])

    def all(self, cls: type[Document]):
        return [decode(cls, s.data) for s in self.world.platform.store.query(Query(cls.COLLECTION))]

    def holding(self, mark: str) -> list[str]:
        """The files in which a mark can be read, as text or in hexadecimal (bytes in SQLite)."""
        self.world.tracer.flush()
        forms = (mark.encode(), mark.encode().hex().encode())
        return [
            str(path.relative_to(self.data))
            for path in sorted(self.data.rglob("*"))
            if path.is_file() and any(form in path.read_bytes() for form in forms)
        ]


@pytest.fixture
def laptop(monkeypatch) -> Iterator[Laptop]:
    shared = Path("/dev/shm")  # where a sync costs nothing: there are some ten thousand
    folder = tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None)
    tmp_path = Path(folder.name)
    clock = VirtualClock(START)
    monkeypatch.setattr(log.Settings, "clock", clock.now)
    monkeypatch.setattr(log.Settings, "level", 20)
    file = logs.begin(tmp_path / "toban.log", None)
    try:
        with open_world(tmp_path, clock=clock, environ={}) as world:
            yield Laptop(tmp_path, world, clock)
    finally:
        logs.end(file)
        folder.cleanup()


@dataclass
class Living:
    """What has to be there, asked anew each day: an oracle that knows no rule of the code."""

    laptop: Laptop
    needed: dict[str, Callable[[], bool]] = field(default_factory=dict)

    def add(self, name: str, cls: type[Document], id: str) -> None:
        self.needed[name] = lambda: self.laptop.get(cls, id) is not None

    def over(self, *names: str) -> None:
        for name in names:
            del self.needed[name]

    def check(self) -> None:
        lost = [name for name, is_there in self.needed.items() if not is_there()]
        assert lost == [], f"{self.laptop.clock.now()}: {lost} removed though needed"


@pytest.fixture
def refusal(smtp, mailbox) -> Result:
    """What comes of a mail whose server names an address as it refuses it."""
    host, port = smtp
    config = ChannelConfig(smtp_host=host, smtp_port=port, smtp_starttls=False)
    mailbox.script["DATA"] = [f"554 5.7.1 <{MARKS['refused']}>: no such mailbox"]
    mail = Mail(
        id="n", incident="i", created_at=START, to=(MARKS["address"],),
        sender="toban@example.com", subject="s", text="t", html="h",
    )  # fmt: skip
    return MailSender(config, MemorySecrets(), VirtualClock(START)).send(mail)


def test_a_year_removes_what_is_over_and_nothing_that_lives(laptop: Laptop, refusal: Result):
    living = Living(laptop)

    def days(number: float) -> None:
        until = laptop.clock.now() + number * DAY
        while laptop.clock.now() < until:
            laptop.day()
            living.check()

    # --- what there is at first -----------------------------------------------------------
    store = laptop.world.platform.store
    (first,) = apply(store, [with_mail(MARKS["address"])], laptop.clock.now())
    laptop.world.platform.cache.clear()
    laptop.turn(timedelta(minutes=1))

    laptop.senders.answers = [refusal]
    closed = laptop.alert("closed", label=MARKS["closed"], rule="closed")
    again = laptop.alert("again", label=MARKS["again"], rule="again")
    open_ = laptop.alert("open", label=MARKS["open"], rule="open")
    early = laptop.alert("open-too", label=MARKS["open"], rule="open")
    assert early.incident == open_.incident
    assert len({closed.incident, again.incident, open_.incident}) == 3
    assert laptop.senders.sent
    told = [n for n in laptop.all(Notification) if n.incident == open_.incident]
    assert MARKS["address"] in {n.address for n in told}

    log.warning("no answer from a phone", phone=MARKS["logged"])
    broken = Message("alert-fired", MARKS["parked"].encode(), {
        "ce-id": "p", "ce-type": "toban.alert.fired.v1", "ce-source": "/x",
        "ce-time": "2026-11-24T03:00:00Z", "ce-specversion": "1.0",
    })  # fmt: skip
    laptop.world.bus.publish([broken])
    laptop.pump()
    laptop.bury(laptop.get(Incident, open_.incident))

    laptop.put(backup("chat.db.daily.1", profile_version=first.version))
    verified = BackupJob(
        id="chat.db.daily.1.verify", stage="verify", backup_id="chat.db.daily.1", over=True,
        touched_at=START,
    )  # fmt: skip
    laptop.put(verified)
    laptop.put(restore(touched_at=START))
    laptop.put(
        msgspec.structs.replace(told[0], id="unsent", state="waiting", incident=open_.incident)
    )
    for incident in (closed, again, open_):
        living.add(f"incident {incident.rule}", Incident, incident.incident)
        living.add(f"alert {incident.rule}", Alert, incident.id)
    living.add("alert that closes early", Alert, early.id)
    living.add("version that incidents pin", PinnedProfile, pinned_id("shop", first.version))
    living.add("unsent notification", Notification, "unsent")
    living.add("kept backup", Backup, "chat.db.daily.1")
    living.add("job of a kept backup", BackupJob, "chat.db.daily.1.verify")
    living.add("running restore", Restore, "r")
    for notification in told:
        living.add(f"told {notification.id}", Notification, notification.id)

    # --- a day later two are over, one of three alerts of the third has stopped -------------
    days(1)
    apply(store, [with_mail("baba@example.com")], laptop.clock.now())
    laptop.world.platform.cache.clear()
    for name in ("closed", "again"):
        laptop.alert(name, label=MARKS[name], rule=name, status="resolved")
    laptop.alert("open-too", label=MARKS["open"], rule="open", status="resolved")
    assert laptop.get(Incident, closed.incident).status == "resolved"
    assert laptop.get(Incident, again.incident).status == "resolved"
    assert laptop.get(Incident, open_.incident).status != "resolved"
    laptop.pump()
    for mark in ("closed", "again"):
        assert {p.split("/")[0] for p in laptop.holding(MARKS[mark])} >= {"toban.db", "blobs"}
    assert {p.split("/")[0] for p in laptop.holding("no such mailbox")} >= {"toban.db", "blobs"}
    for mark in ("address", "open", "parked", "queued", "error"):
        # What was written last may still stand in the journal beside the file.
        assert any(p.startswith("toban.db") for p in laptop.holding(MARKS[mark])), mark
    assert "toban.log" in laptop.holding(MARKS["logged"])
    assert "toban.log" in laptop.holding(MARKS["error"])

    # --- after their lives, alerts and notifications of what was closed are gone ------------
    living.over("alert closed")
    days(85)
    assert laptop.get(Alert, closed.id) is not None
    laptop.command(again.incident, "reopen")
    days(8)
    assert laptop.get(Alert, closed.id) is None
    assert [n for n in laptop.all(Notification) if n.incident == closed.incident] == []
    assert laptop.get(Incident, closed.incident) is not None
    for mark in ("logged", "parked", "queued", "error", "refused"):
        assert laptop.holding(MARKS[mark]) == [], mark

    # --- what was open for longer than an alert lives closes ---------------------------------
    laptop.command(again.incident, "resolve")
    assert laptop.holding(MARKS["open"])
    laptop.alert("open", label=MARKS["open"], rule="open", status="resolved")
    assert laptop.get(Incident, open_.incident).status == "resolved"
    for cls, id, change in (
        (Backup, "chat.db.daily.1", {"status": "deleted", "deleted_at": laptop.clock.now()}),
        (Restore, "r", {"status": "finished", "over": True, "touched_at": laptop.clock.now()}),
        (Notification, "unsent", {"state": "void", "lease_until": laptop.clock.now()}),
    ):
        snapshot = store.get([cls.key(id)])[0]
        ended = msgspec.structs.replace(decode(cls, snapshot.data), **change)
        store.commit([Update(snapshot.key, encode(ended), snapshot.version)])
    living.over(
        *(name for name in living.needed if name.startswith(("told ", "unsent"))),
        "alert open", "alert again", "alert that closes early", "kept backup",
        "job of a kept backup", "running restore",
    )  # fmt: skip

    # --- an incident lives for 400 days after it was over -----------------------------------
    days(302)
    living.over("incident closed")
    days(8)
    assert laptop.get(Incident, closed.incident) is None
    assert laptop.holding(MARKS["closed"]) == []
    assert laptop.get(Alert, again.id) is None
    days(84)
    living.over("incident again", "incident open", "version that incidents pin")
    days(50)

    # --- nothing of them is left anywhere ---------------------------------------------------
    left = {mark: laptop.holding(words) for mark, words in MARKS.items()}
    assert {mark: files for mark, files in left.items() if files} == {}
    for cls in (Alert, Notification, Incident):
        assert [d.id for d in laptop.all(cls) if d.service == "shop"] == []
    assert laptop.all(Backup) == laptop.all(BackupJob) == laptop.all(Restore) == []
    assert len(laptop.all(PinnedProfile)) == 1, "the current one"
