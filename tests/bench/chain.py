"""The whole chain in memory, counting what each function reads and writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.profiles import Profile
from tests.simulation.outside import Outside
from toban.adapters.local.files.buckets import MemoryBuckets
from toban.adapters.local.memory.bus import MemoryBus
from toban.adapters.local.memory.store import MemoryBlobs, MemorySecrets, MemoryStore, VirtualClock
from toban.channels.console.kind import ConsoleChannel
from toban.entry import SUBSCRIBERS
from toban.escalation.section import Escalation, EscalationStep
from toban.events import AlertFired, AlertReport, AlertResolved, CommandIssued
from toban.incidents.grouping.section import Grouping
from toban.kernel.event import Body, Event, to_message
from toban.kernel.handling.handle import Handlers, handle
from toban.kernel.ids import derive
from toban.kernel.platform import Platform
from toban.kernel.work import Cache
from toban.local.world import ROOT, load_functions, subscriptions_of
from toban.notify import deliver
from toban.ports import Create, Delivered, Key, Query, Snapshot, Store, Write
from toban.profile.section import Service
from toban.profile.store import apply
from toban.severities.section import Severity
from toban.strictyaml.values import Seconds
from toban.topology.reader import load
from toban.topology.types import Topology

PROFILES = frozenset({"profiles", "profile_versions"})


@dataclass
class Use:
    """Documents read and written; reads of profiles apart, for a cache holds those."""

    reads: int = 0
    writes: int = 0
    profile_reads: int = 0
    receipts: int = 0
    """Writes that Firestore's TTL deletes again some day (receipts)."""

    def __add__(self, other: Use) -> Use:
        return Use(
            self.reads + other.reads,
            self.writes + other.writes,
            self.profile_reads + other.profile_reads,
            self.receipts + other.receipts,
        )


class CountingStore:
    """Counts as Firestore bills: a read for each document asked for, found or not; 1 for none."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.uses: dict[str, Use] = defaultdict(Use)
        self.function = ""

    def get(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        for key in keys:
            self._read(key.collection, 1)
        return self.inner.get(keys)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        versions = self.inner.commit(writes)
        use = self.uses[self.function]
        use.writes += len(writes)
        use.receipts += sum(
            isinstance(w, Create) and w.key.collection == "receipts" for w in writes
        )
        return versions

    def query(self, query: Query) -> list[Snapshot]:
        found = self.inner.query(query)
        self._read(query.collection, max(1, len(found)))
        return found

    def count(self, query: Query) -> int:
        self._read(query.collection, 1)
        return self.inner.count(query)

    def _read(self, collection: str, documents: int) -> None:
        if collection in PROFILES:
            self.uses[self.function].profile_reads += documents
        else:
            self.uses[self.function].reads += documents


class Chain:
    """One installation; every function with a cache of its own, as instances have."""

    def __init__(self, profiles: Iterable[Profile], start: datetime) -> None:
        self.topology: Topology = load(ROOT / "events" / "topology.yaml")
        load_functions(self.topology)
        self.clock = VirtualClock(start)
        self.bus = MemoryBus(subscriptions_of(self.topology), self.clock, self.topology.topics)
        self.memory = MemoryStore()
        self.store = CountingStore(self.memory)
        self.blobs = MemoryBlobs()
        self.outside = Outside()
        apply(self.memory, profiles, start)
        self.buckets = MemoryBuckets()
        self.platforms: dict[str, Platform] = {}
        self.tables: dict[str, Handlers] = {}
        secrets = MemorySecrets()
        for name, function in SUBSCRIBERS.items():
            self.platforms[name] = Platform(
                store=self.store,
                bus=self.bus,
                blobs=self.blobs,
                buckets=self.buckets,
                clock=self.clock,
                cache=Cache(),
                dead_letters=self.bus,
                subscriptions=tuple(self.bus.subscriptions),
                may_emit=self.topology.emitted_by,
            )
            self.tables[name] = (
                deliver.handlers(self.outside)
                if name == "deliver_notification"
                else function.bound(self.platforms[name], secrets)
            )

    def run(self, before: Callable[[str, Delivered], None] | None = None) -> dict[str, Use]:
        """Deliver until nothing is due; what each function used meanwhile."""
        self.store.uses.clear()

        def hand_over(delivered: Delivered) -> None:
            function = self.bus.subscriptions[delivered.subscription].function
            if before is not None:
                before(function, delivered)
            self.store.function = function
            self.store.uses[function] += Use()
            handle(function, self.tables[function], delivered, self.platforms[function])

        while (step := self.bus.deliver_next(hand_over)) is not None:
            if step.error is not None:
                raise step.error
        return dict(self.store.uses)

    def publish(self, body: Body, *parts: str) -> None:
        """Publish an event as an ingress would."""
        id_ = derive("bench", *parts, str(self.clock.now()))
        event = Event(
            id=id_,
            source="/ingress/bench",
            time=self.clock.now(),
            subject=body.subject(),
            body=body,
            correlation_id=id_,
        )
        self.bus.publish([to_message(event)])

    def fire(self, report: AlertReport) -> None:
        """A monitor reports an alert."""
        self.publish(report, report.TYPE, report.fingerprint, report.value)

    def command(self, incident: str, action: str) -> None:
        """A person asks for something."""
        body = CommandIssued(
            incident_id=incident,
            action=action,  # type: ignore[arg-type]
            actor="ops-a",
            via="cli",
            at=self.clock.now(),
        )
        self.publish(body, "command", action)

    def pass_time(self, seconds: float) -> None:
        """Move the clock."""
        self.clock.advance(timedelta(seconds=seconds))


def report(
    chain: Chain, fingerprint: str, service: str, *, resolved: bool = False, value: str = ""
) -> AlertReport:
    """A critical alert of a service."""
    kind = AlertResolved if resolved else AlertFired
    now = chain.clock.now()
    return kind(
        source="alertmanager",
        fingerprint=fingerprint,
        rule="HighErrorRate",
        title="Error rate above 5 %",
        summary="5xx of all requests over five minutes",
        severity="critical",
        labels={"service": service, "instance": fingerprint},
        starts_at=now.replace(minute=0, second=0, microsecond=0),
        ends_at=now if resolved else None,
        value=value,
    )


def quiet_profile(service: str) -> Profile:
    """A service that tells one channel of an incident, and nobody else."""
    return Profile(
        service=Service(id=service, name=service, language="en", default=True),
        severities=(Severity(label="P1", level=1, words=("critical",)),),
        grouping=Grouping(by=("rule",), window=Seconds(300)),
        channels={"room": ConsoleChannel()},
        escalation=(
            Escalation(
                severities=("P1",),
                steps=(EscalationStep(after=Seconds(0), notify=("channel:room",)),),
            ),
        ),
    )
