"""
Who is called for what somebody has taken, or what is over: held against the order of commits.

A call that was claimed before that was recorded is on its way; one that was claimed after it calls
for something that is settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toban.incidents.documents import Incident
from toban.kernel.outgoing import Outgoing
from toban.notify.documents import Notification
from toban.notify.identity import is_page
from toban.ports import Create, Update, Write

NEWS = ("joined", "reminded", "unheard")
"""What is said of an incident that somebody has: not known to whoever took it, or for them."""


class Taken:
    """When incidents were settled, and when calls were claimed, both counted in commits."""

    def __init__(self, wrong: list[str]) -> None:
        self.wrong = wrong
        self.forget()

    def forget(self) -> None:
        """Nothing is known of what was before."""
        self._commits = 0
        self._settled: dict[str, tuple[str, int]] = {}
        self._turns: dict[str, list[tuple[str, int]]] = {}
        """Of each incident, when it was taken or over, in order."""
        self._claimed: dict[str, tuple[dict[str, Any], int]] = {}

    def committed(self, writes: Sequence[Write]) -> None:
        """Something was recorded."""
        self._commits += 1
        for write in writes:
            if not isinstance(write, Create | Update):
                continue
            if write.key.collection == Incident.COLLECTION:
                self._incident(write.key.id, str(write.data["status"]))
            elif (
                write.key.collection == Notification.COLLECTION and write.data["state"] == "claimed"
            ):
                self._claimed[write.key.id] = dict(write.data), self._commits

    def _incident(self, id: str, status: str) -> None:
        if status == "open":
            self._settled.pop(id, None)
        elif self._settled.get(id, ("", 0))[0] != status:
            self._settled[id] = status, self._commits
            self._turns.setdefault(id, []).append(self._settled[id])

    def has_to_be_told(self, notification: Notification) -> bool:
        """Whether its receiver was called, and somebody took the incident after that for good."""
        _, claimed = self._claimed.get(notification.id, ({}, 0))
        later = [s for s, at in self._turns.get(notification.incident, ()) if at > claimed]
        called = notification.maybe_sent and is_page(notification.kind)
        person = notification.target.startswith("person:")
        # Who hears that it is over need not hear who had it.
        return called and person and "acknowledged" in later and "resolved" not in later

    def leaving(self, outgoing: Outgoing) -> None:
        """A call is about to be made."""
        record, claimed = self._claimed.get(outgoing.id, ({}, 0))
        status, settled = self._settled.get(outgoing.incident, ("", 0))
        if not record or not settled or claimed <= settled or not is_page(record["kind"]):
            return
        if status == "resolved" or record["kind"] not in NEWS:
            self.wrong.append(
                f"{record['target']} is called ({record['kind']}) for {outgoing.incident}, "
                f"which was {status} before"
            )
