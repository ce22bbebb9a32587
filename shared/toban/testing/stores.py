"""A store that counts what is read and written, and lets a test interfere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from toban.adapters.local.memory.store import MemoryStore
from toban.ports import Key, Query, Snapshot, Store, Write


def _nothing(*_: object) -> None:
    """What happens around a commit unless a test wants something."""


@dataclass
class CountingStore:
    """
    A store that counts documents as Firestore bills them.

    One read for each document asked for, found or not, and at least one for a query. `before`
    and `after` are called around each commit.
    """

    inner: Store = field(default_factory=MemoryStore)
    reads: int = 0
    writes: int = 0
    commits: int = 0
    before: Callable[[Sequence[Write]], None] = _nothing
    after: Callable[[], None] = _nothing

    def get(self, keys: Sequence[Key]) -> list[Snapshot | None]:
        """See `toban.ports.Store`."""
        self.reads += len(keys)
        return self.inner.get(keys)

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """See `toban.ports.Store`."""
        self.commits += 1
        self.before(writes)
        versions = self.inner.commit(writes)
        self.writes += len(writes)
        self.after()
        return versions

    def query(self, query: Query) -> list[Snapshot]:
        """See `toban.ports.Store`."""
        found = self.inner.query(query)
        self.reads += max(1, len(found))
        return found

    def count(self, query: Query) -> int:
        """See `toban.ports.Store`."""
        return self.inner.count(query)

    def cost(self) -> tuple[int, int]:
        """Return documents read and written since the last time this was asked."""
        spent = (self.reads, self.writes)
        self.reads = self.writes = self.commits = 0
        return spent
