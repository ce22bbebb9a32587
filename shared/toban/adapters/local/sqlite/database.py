"""
One SQLite file, shared by threads and processes, that loses nothing it said it has.

Writers group their commits: whoever finds nobody writing leads, and carries out everything that
waits in one transaction with one sync; each piece of work has its own savepoint, so that a
conflict undoes only itself. Nobody waits for company: a lone commit starts at once.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, cast

from toban.ports import Unavailable

T = TypeVar("T")

SCHEMA_VERSION = 3
"""
The release whose code writes the file, as a number: one more than that of the release before.

A release reads what earlier ones left, and ignores what it does not know of a document; what it then
writes of that document lacks it. So a file that a later release has written to is refused.
"""
_REWRITTEN_EACH = timedelta(days=7)
"""`application_id` is the day on which the file was last written anew, counted from 1970."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_IN_ONE_COMMIT = 256

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (collection, id)
);
CREATE TABLE IF NOT EXISTS counter (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL);
INSERT OR IGNORE INTO counter VALUES (1, 0);
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription TEXT NOT NULL,
    message_id TEXT NOT NULL,
    topic TEXT NOT NULL,
    data BLOB NOT NULL,
    attributes TEXT NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    claimed INTEGER NOT NULL DEFAULT 0
);
DROP INDEX IF EXISTS messages_due;
CREATE INDEX IF NOT EXISTS messages_next ON messages (subscription, due, seq);
CREATE TABLE IF NOT EXISTS dead_letters (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription TEXT NOT NULL,
    message_id TEXT NOT NULL,
    topic TEXT NOT NULL,
    data BLOB NOT NULL,
    attributes TEXT NOT NULL,
    since INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS dead_letters_subscription ON dead_letters (subscription, seq);
CREATE TABLE IF NOT EXISTS traces (
    seq INTEGER PRIMARY KEY,
    correlation_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    trace TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS traces_correlation ON traces (correlation_id);
CREATE INDEX IF NOT EXISTS traces_event ON traces (event_id);
"""


class Transaction:
    """The operations allowed inside a commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._first: int | None = None
        self._last = 0

    def execute(self, sql: str, parameters: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(sql, parameters)

    def next_number(self) -> int:
        """Return a number that this file never gave before; one that was undone may be skipped."""
        if self._first is None:
            (self._first,) = self.execute("SELECT last FROM counter").fetchone()
            self._last = cast("int", self._first)
        self._last += 1
        return self._last

    def save_numbers(self) -> None:
        """Remember what `next_number` gave; at the end of the transaction."""
        if self._first not in {None, self._last}:
            self.execute("UPDATE counter SET last = ?", (self._last,))


class _Work(Generic[T]):
    """One caller's part of a commit, and how it ended."""

    __slots__ = ("done", "error", "job", "leads", "result", "script", "synced", "wake")

    def __init__(self, job: Callable[[Transaction], T], *, synced: bool) -> None:
        self.job = job
        self.synced = synced
        self.wake = threading.Lock()
        self.wake.acquire()
        self.done = False
        self.leads = False
        self.script = ""
        """Statements that are run instead of `job`, in no transaction."""
        self.result: T | None = None
        self.error: BaseException | None = None


class SqliteDatabase:
    """
    The file, opened for many threads; other processes may have it open too.

    Opening raises `Unavailable` for a file that is none of ours or of a newer version. Raises `Unavailable` from `write` when the file cannot be written now (locked by another
    process for `busy_timeout_s`, disk full); the work then has no effect, or after a failed sync perhaps one.
    """

    def __init__(self, path: Path, *, busy_timeout_s: float = 5.0) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        path.parent.mkdir(parents=True, exist_ok=True)
        self._mutex = threading.Lock()
        self._idle = threading.Condition(self._mutex)
        self._waiting: list[_Work[Any]] = []
        self._leading = False
        self._closed = False
        self._readers: list[sqlite3.Connection] = []
        self._synced = True
        self._marked = True
        """The file says that this release has written to it; one that only looks does not say so."""
        try:
            self._writer = self.connect()
            self._prepare()
        except sqlite3.Error as error:
            raise Unavailable(f"{path}: {error}") from error

    def _prepare(self) -> None:
        (version,) = self._writer.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            self.close()
            raise Unavailable(
                f"{self.path} was written by a newer version of toban (format {version}, this one"
                f" knows {SCHEMA_VERSION}): use that version, or a copy from before the upgrade"
            )
        if version < SCHEMA_VERSION:
            mark = "" if version else f"PRAGMA user_version = {SCHEMA_VERSION};"
            self._writer.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {mark} COMMIT;")
        self._marked = version in (0, SCHEMA_VERSION)
        self._add_since()

    def _add_since(self) -> None:
        """Add the column that a file of an earlier release lacks; that release works on with it."""
        columns = "SELECT 1 FROM pragma_table_info('dead_letters') WHERE name = 'since'"
        if self._writer.execute(columns).fetchone() is None:
            self._writer.execute("BEGIN IMMEDIATE")
            if self._writer.execute(columns).fetchone() is None:
                self._writer.execute(
                    "ALTER TABLE dead_letters ADD COLUMN since INTEGER NOT NULL DEFAULT 0"
                )
            self._writer.execute("COMMIT")

    def connect(self) -> sqlite3.Connection:
        """Return one more connection, for one thread at a time; whoever asked for it closes it."""
        connection = sqlite3.connect(
            self.path,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _use_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            # What is deleted or replaced is overwritten: no address outlives its document.
            connection.execute("PRAGMA secure_delete = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def write(self, job: Callable[[Transaction], T], *, synced: bool = True) -> T:
        """
        Carry out `job` in a transaction and return its result when it is committed.

        An exception from `job` undoes what it did, nothing else, and is raised here. Without
        `synced` the commit survives the end of this process but perhaps not that of the
        machine; it never overtakes a synced one.
        """
        return self._carried(_Work(job, synced=synced))

    def _carried(self, work: _Work[T]) -> T:
        """Have a piece of work carried out in its turn; what came of it."""
        with self._mutex:
            if self._closed:
                raise Unavailable(f"{self.path} is closed")
            self._waiting.append(work)
            work.leads = not self._leading
            self._leading = True
        if not work.leads:
            work.wake.acquire()
        if not work.done:
            self._lead()
        if work.error is not None:
            raise work.error
        return cast("T", work.result)

    def overwrite(self, now: datetime) -> None:
        """
        Let nothing that was deleted be read in the file or its log any more; best effort.

        Deletions overwrite as they go, but what SQLite has moved about before stays in gaps between
        records: each week the file is written anew, which holds up writers meanwhile (165 MB: four
        seconds on two busy cores). The log is emptied unless somebody reads it just now.
        """
        today = (now - _EPOCH).days
        with self.reading() as connection:
            (rewritten,) = connection.execute("PRAGMA application_id").fetchone()
        with contextlib.suppress(sqlite3.Error):  # busy in another process, or no room for a copy
            if not 0 <= today - rewritten < _REWRITTEN_EACH.days:
                self._alone(f"VACUUM; PRAGMA application_id = {today}")
            self._alone("PRAGMA wal_checkpoint(TRUNCATE)")

    def _alone(self, script: str) -> None:
        """Run statements in a turn of their own, outside of any transaction."""
        work = _Work[None](lambda _: None, synced=False)
        work.script = script
        self._carried(work)

    def _lead(self) -> None:
        with self._mutex:
            batch = self._next_batch()
            del self._waiting[: len(batch)]
        try:
            if batch[0].script:
                self._run_alone(batch[0])
            else:
                self._commit(batch)
        finally:
            with self._mutex:
                self._leading = bool(self._waiting)
                heir = self._waiting[0] if self._waiting else None
                if heir is None:
                    self._idle.notify_all()
            for work in batch:
                work.done = True
                work.wake.release()
            if heir is not None:
                heir.wake.release()

    def _next_batch(self) -> list[_Work[Any]]:
        """What waits longest, and what fits into one commit with it."""
        batch = self._waiting[:1]
        if not batch[0].script:
            for work in self._waiting[1:_MOST_IN_ONE_COMMIT]:
                if work.script:
                    break
                batch.append(work)
        return batch

    def _run_alone(self, work: _Work[Any]) -> None:
        try:
            self._writer.executescript(work.script)
        except sqlite3.Error as error:
            work.error = error

    def _commit(self, batch: list[_Work[Any]]) -> None:
        connection = self._writer
        try:
            synced = any(work.synced for work in batch)
            if synced != self._synced:
                connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
                self._synced = synced
            connection.execute("BEGIN IMMEDIATE")
            if not self._marked:
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            transaction = Transaction(connection)
            for work in batch:
                self._carry_out(work, transaction)
            transaction.save_numbers()
            connection.execute("COMMIT")
            self._marked = True
        except BaseException as error:
            unavailable = Unavailable(f"{self.path.name}: {error}")
            unavailable.__cause__ = error
            for work in batch:
                if work.error is None:
                    work.error = unavailable
            with contextlib.suppress(sqlite3.Error):  # the first error is the one to report
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            if not isinstance(error, sqlite3.Error):
                raise

    def _carry_out(self, work: _Work[Any], transaction: Transaction) -> None:
        transaction.execute("SAVEPOINT work")
        try:
            work.result = work.job(transaction)
        except Exception as error:
            if _is_of_the_file(error):
                raise  # the whole transaction is lost
            work.error = error
            transaction.execute("ROLLBACK TO work")
        transaction.execute("RELEASE work")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for reading; each statement sees everything committed before it."""
        with self._mutex:
            if self._closed:
                raise Unavailable(f"{self.path} is closed")
            connection = self._readers.pop() if self._readers else None
        if connection is None:
            connection = self.connect()
            connection.execute("PRAGMA query_only = ON")
        try:
            yield connection
        except sqlite3.Error as error:
            if not _is_of_the_file(error):
                raise
            raise Unavailable(f"{self.path.name}: {error}") from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._mutex:
            if not self._closed:
                self._readers.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """
        Refuse new work, let what has begun come to its end, and close the file.

        Closing a connection under a thread that uses it would end the process, so reads under
        way close theirs themselves.
        """
        with self._mutex:
            self._closed = True
            while self._leading:
                self._idle.wait()
            connections, self._readers = self._readers, []
        for connection in (*connections, self._writer):
            connection.close()  # closing twice does nothing

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _is_of_the_file(error: Exception) -> bool:
    """Whether no work on the file can go well now: no space, unreadable, locked, malformed."""
    # What is malformed is told by the base class; what else derives from it is of one statement.
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def _use_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait by itself while another process switches the mode of a new file.
    for _ in range(500):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.01)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")
