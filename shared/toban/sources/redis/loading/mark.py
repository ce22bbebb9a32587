"""
Whose data a Redis holds: the mark of a restore, and the evidence that nobody else wrote since.

A restore test fills a server that it empties again, so it has to recognise what it put there. Its
mark, a key in the last database, says for which restore and why the server was filled, and how often
every command that may write had been called by then (``INFO commandstats``), ourselves included. A
mark counts only while the server says the same. A restart, ``CONFIG RESETSTAT`` or a server that
keeps no such numbers leaves no evidence, and then the data are not ours.

A recovery's mark lets only that same restore begin again after its process died; it is removed when
the recovery is over. A mark of another shape (toban up to 2026-11-22 could not tell a test from a
recovery) says nothing.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping

import msgspec

from toban.kernel.prepared import from_json
from toban.sources.redis import rdb, resp
from toban.sources.redis.questions import READING

KEY = b"toban:restored-here"
OVERTAKEN = "a restore has worked there meanwhile: this attempt is given up"

_SPARING = """
acl asking auth bgrewriteaof bgsave bitpos client cluster command config discard dump echo eval eval_ro
evalsha evalsha_ro exec expiretime fcall fcall_ro geodist geohash geopos georadius_ro georadiusbymember_ro
geosearch hello hrandfield hscan hstrlen info keys lastsave latency lcs lolwut lpos memory monitor multi
object pexpiretime pfcount ping psubscribe psync publish pubsub punsubscribe quit randomkey readonly
readwrite replconf reset role save scan script sdiff select sinter sintercard slowlog smismember sort_ro
spublish srandmember sscan ssubscribe subscribe substr sunion sunsubscribe sync time touch unsubscribe
unwatch wait watch xinfo xpending zdiff zinter zintercard zlexcount zmscore zrandmember zrangebylex
zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zunion
function|dump function|list function|stats
"""
_HARMLESS = frozenset([*_SPARING.split(), *(name.lower() for name in READING)])
"""
Commands that change no data, without their subcommands. A monitor may call them as often as it
likes; every other one counts as a write, unknown ones too. What a script calls is counted by itself.
"""


class RedisMark(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore noted on the server that it filled."""

    toban: int = 2
    """Of this shape."""
    restore: str
    purpose: str
    """``test`` or ``recovery``."""
    attempt: int = 0
    """Which of the restore's: nobody removes what a later one has loaded."""
    run: str
    """The server's ``run_id``: its numbers begin anew with another."""
    written: dict[str, int]
    """Calls of every command that may write, when we were the last to call any."""

    @property
    def is_of_test(self) -> bool:
        """Whether the data were put there to be removed again."""
        return self.purpose == "test"

    def overtakes(self, restore: str, attempt: int) -> bool:
        """Return whether a later attempt of the same restore left the mark."""
        return self.restore == restore and self.attempt > attempt

    def having(self, more: Mapping[str, int]) -> RedisMark:
        """Return the mark for when we have called some commands more often."""
        return msgspec.structs.replace(self, written=dict(Counter(self.written) + Counter(more)))


def begun(
    server: resp.Connection, db: int, restore: str, purpose: str, attempt: int = 0
) -> RedisMark:
    """
    Return the mark of a restore that has not written anything yet, for database `db`.

    To be called before the look whether the server is empty: its numbers are older than that, so
    what anybody writes after the look shows, and the first transaction on this connection fails if
    another restore's mark has come, or come and gone, meanwhile (``WATCH``).
    """
    server.call("SELECT", db)
    server.call("WATCH", KEY)
    run, written = _written(server)
    return RedisMark(restore=restore, purpose=purpose, attempt=attempt, run=run, written=written)


def found(server: resp.Connection, db: int) -> RedisMark | None:
    """Return the mark in a database; None when there is none, or one that says nothing."""
    server.call("SELECT", db)
    try:
        mark = from_json(server.call("GET", KEY) or b"", RedisMark)
    except (msgspec.DecodeError, resp.ReplyError):
        return None
    return mark if mark.toban == 2 else None


def is_there(server: resp.Connection, db: int) -> bool:
    """Return whether a database holds a mark, of whatever shape."""
    server.call("SELECT", db)
    return bool(server.call("EXISTS", KEY))


def encoded(mark: RedisMark) -> bytes:
    """As it is stored."""
    return msgspec.json.encode(mark)


def mark_entry(db: int, mark: RedisMark) -> bytes:
    """Our mark as it stands in a dump: select the database, a string."""
    strings = b"".join(_length(text) + text for text in (KEY, encoded(mark)))
    return bytes([rdb.SELECT, db, 0]) + strings


def _length(text: bytes) -> bytes:
    """As a dump writes the length of a string: one byte of six bits, or four after a sign."""
    return bytes([len(text)]) if len(text) < 64 else b"\x80" + len(text).to_bytes(4, "big")


def is_mark(entry: rdb.RdbEntry, last: int) -> bool:
    """Return whether a dump was made of a server that held a mark of ours, and this is it."""
    return entry.db == last and entry.key == KEY


def touched(server: resp.Connection, mark: RedisMark) -> str:
    """Return what says that somebody else may have written since; empty: nobody did."""
    run, written = _written(server)
    if run != mark.run:
        return "the server was restarted since, which leaves no evidence that nobody wrote"
    if not written:
        return "the server does not tell what was written (INFO commandstats)"
    differ = sorted(
        name
        for name in written.keys() | mark.written.keys()
        if written.get(name, 0) != mark.written.get(name, 0)
    )
    if differ:
        return f"somebody else wrote there since ({', '.join(differ[:5])})"
    return ""


def _written(server: resp.Connection) -> tuple[str, dict[str, int]]:
    """The server's run, and how often every command was called that may write."""
    info = server.info("server", "commandstats")
    counts = {}
    for name, value in info.items():
        command = name.removeprefix("cmdstat_").lower()
        if command == name or command in _HARMLESS:
            continue
        # All of CONFIG is harmless, but not all of FUNCTION.
        if command.partition("|")[0] in _HARMLESS and command != "config|resetstat":
            continue
        with contextlib.suppress(ValueError):
            fields = dict(pair.split("=", 1) for pair in value.split(",") if "=" in pair)
            counts[command] = int(fields.get("calls", ""))
    return info.get("run_id", ""), counts


_EMPTY = """
local harmless, expected, known = {}, {}, tonumber(ARGV[2])
for i = 3, known + 2 do harmless[ARGV[i]] = true end
for i = known + 3, #ARGV, 2 do expected[ARGV[i]] = ARGV[i + 1] end
if not string.find(redis.call('INFO', 'server'), 'run_id:' .. ARGV[1], 1, true) then return 0 end
for name, calls in string.gmatch(redis.call('INFO', 'commandstats'), 'cmdstat_([^:]+):calls=(%d+)') do
    name = string.lower(name)
    local base = string.match(name, '^[^|]+')
    if not harmless[name] and (not harmless[base] or name == 'config|resetstat') then
        if expected[name] ~= calls then return 0 end
        expected[name] = nil
    end
end
if next(expected) then return 0 end
redis.call('FLUSHALL')
return 1
"""
"""As `touched`, and what follows from it, in one: nobody writes in between."""


def empty_if_untouched(server: resp.Connection, mark: RedisMark) -> bool:
    """
    Remove all keys, unless somebody else may have written since; whether that was so.

    Raises `toban.sources.redis.resp.ReplyError` where no script may be called.
    """
    pairs = [word for pair in sorted(mark.written.items()) for word in pair]
    harmless = sorted(_HARMLESS)
    return bool(server.call("EVAL", _EMPTY, 0, mark.run, len(harmless), *harmless, *pairs))
