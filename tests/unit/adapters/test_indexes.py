"""Every query that needs an index in production has it in Terraform."""

from __future__ import annotations

from typing import Any

import hcl2
import pytest

from tests.chains.services import YEARLY, safe
from toban.adapters.google.firestore.queries import composite_index
from toban.adapters.local.memory.store import MemoryStore
from toban.backups.work import restore_test, watch
from toban.events.backups import BackupWatchDue, RestoreTestDue
from toban.kernel.event import Event
from toban.kernel.work import Work
from toban.local.world import ROOT
from toban.ports import Query
from toban.profile.store import apply

DECLARED = ROOT / "infra" / "terraform" / "firestore.tf"


class AskedStore(MemoryStore):
    """Remembers the queries."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Query] = []

    def query(self, query: Query) -> list[Any]:
        self.asked.append(query)
        return super().query(query)


def declared() -> dict[str, list[list[tuple[str, str]]]]:
    with DECLARED.open(encoding="utf-8") as file:
        (locals_,) = hcl2.load(file)["locals"]
    return {
        _plain(name): [
            [
                (_plain(f).removeprefix("-"), "DESCENDING" if _plain(f)[0] == "-" else "ASCENDING")
                for f in fields
            ]
            for fields in lists
        ]
        for name, lists in locals_["indexes"].items()
        if not name.startswith("__")
    }


def _plain(text: str) -> str:
    return text.strip('"')


@pytest.mark.parametrize(
    ("decide", "body"),
    [(watch.on_due, BackupWatchDue()), (restore_test.on_due, RestoreTestDue(service="safe-00"))],
)
def test_what_the_backups_ask_is_indexed(decide, body):
    from tests.unit.kernel.world import NOON

    store = AskedStore()
    apply(store, [safe("safe-00", "http://127.0.0.1")], NOON)
    event = Event(id="e", source="/test", time=NOON, body=body)
    decide(body, Work(store=store, event=event, function="watch_backups", now=NOON))
    needed = [(q.collection, index) for q in store.asked if (index := composite_index(q))]
    if decide is watch.on_due:
        assert needed, f"a plan with schedule {YEARLY} is looked for"
    for collection, index in needed:
        assert index in declared().get(collection, []), (collection, index)
