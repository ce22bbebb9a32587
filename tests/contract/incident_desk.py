"""The real ingress before the functions of incidents, for senders that really post."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.unit.incidents.world import HOUSE, SHOP, World
from toban.adapters.local.memory.store import MemorySecrets
from toban.alerts.ingress import ingest
from toban.kernel.edge.http import Edge, Request
from toban.kernel.event import Event

TOKEN = "t" * 40
SECRETS = MemorySecrets({"INGEST_ALERTMANAGER": [TOKEN]})
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
PATIENCE_S = 30.0


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Desk:
    """The real ingress before the functions of incidents; remembers what was posted."""

    world: World = field(default_factory=lambda: World(SHOP, HOUSE))
    posts: list[dict[str, Any]] = field(default_factory=list)

    def take(self, body: bytes) -> int:
        """A post comes in."""
        self.posts.append(json.loads(body))
        self.world.clock.set(now())
        query = {"service": "shop"}
        return ingest(
            Request("POST", "/alertmanager", query, HEADERS, body),
            Edge(self.world.clock, SECRETS, self._publish),
        ).status

    def _publish(self, events: Any) -> None:
        event: Event
        for event in events:
            self.world.tell_as_of(event.time, event.body)

    def states(self) -> list[str]:
        """Of all incidents, in the order in which they opened."""
        return [incident.status for incident in self.world.incidents()]

    def wait(self, states: list[str], what: str) -> None:
        """Until incidents are so."""
        deadline = time.monotonic() + PATIENCE_S
        while self.states() != states:
            assert time.monotonic() < deadline, f"{what}: {self.states()} after {self.posts}"
            time.sleep(0.02)
