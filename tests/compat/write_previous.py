"""
Write the fixture `previous/`: a data directory as commit a82e58a left it, and how that code ended it.

The code of that commit does all of it: events go through its own functions, and where a process has
to end in the middle of something, it is killed there. Run it against a checkout of that commit (it
refuses any other)::

    git worktree add ../a82e58a a82e58a
    PYTHONPATH=../a82e58a/shared:. .venv/bin/python tests/compat/write_previous.py --out DIR

Without ``--out`` it replaces the fixture, which only an error in the fixture asks for; ``--end`` leaves
the directory as it is and records anew how that code goes on with it (`go_on` does more, say). Apart
from sealed bytes, file times and traces' durations it writes the same each time.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.compat import packing
from tests.compat.drive import SERVICES, Code, Installation, opened
from tests.compat.go_on import STARTED, STOPPED, at, end, go_on, link, shown
from tests.compat.outside import Outside

COMMIT = "a82e58aaa0aa856e9e2559c83e636ed2d038a9cf"
PREVIOUS = Path(__file__).resolve().parent / "previous"
FILES = {f"照片/{number}.txt": f"photo {number}\n".encode() * 40 for number in range(4)}
OLD_NS = 1_762_000_000 * 10**9
FILM = 64 << 20
"""So large that a part ends after it, and all zero: the fixture need not hold it."""


def previous(name: str) -> Any:
    """A module of that commit, by the name it had then: not to follow when modules move."""
    return importlib.import_module(f"toban.{name}")


def code() -> Code:
    """The code of that commit."""
    return Code(
        open_world=previous("local.world").open_world,
        Runtime=previous("local.runtime").Runtime,
        Clockwork=previous("local.clockwork").Clockwork,
        Message=previous("ports").Message,
        Query=previous("ports").Query,
        main=previous("cli").main,
        load_directory=previous("profile.load").load_directory,
    )


# --- the story, up to the moment at which the process ends -----------------------------------


class Story:
    """What happened on the morning of 2026-11-20, in UTC."""

    def __init__(self, data: Path, outside: Outside) -> None:
        self.data = data
        self.outside = outside

    def tell(self) -> None:
        """All of it."""
        with opened(code(), self.data, at(0, 0), self.outside) as here:
            self._begin(here)
            self._a_backup_that_is_whole(here)
            self._an_incident_that_is_over(here)
            self._one_that_is_quiet(here)
            self._a_message_that_is_none(here)
            draft = self._a_draft_that_cannot_be_written(here)
            self._a_backup_that_is_only_replicated(here)
        self._die(at(1, 20) + timedelta(seconds=10), "verify_backup")
        with opened(code(), self.data, at(1, 20) + timedelta(seconds=20), self.outside) as here:
            here.alert("disk", "warning")
            here.deliver("open_incident", "page_responders")
        self._die(at(1, 20) + timedelta(seconds=30), "deliver_notification")
        with opened(code(), self.data, at(1, 21), self.outside) as here:
            self._a_step_with_a_pager_that_fails(here)
            draft.rmdir()  # somebody has seen the log
            self._a_backup_that_pauses(here)
            self._an_answer_that_half_is_told(here)
        self._die(STOPPED, "act_on_incident")

    def _begin(self, here: Installation) -> None:
        profiles = code().load_directory(SERVICES)
        previous("profile.store").apply(here.platform.store, profiles.values(), at(0, 0))
        for name, content in FILES.items():
            self._put("shop-files", name, content)
        self._put("shop-media", "a-film.raw", b"", FILM)
        self._put("shop-media", "b-poster.txt", b"poster\n" * 30)
        here.turn()

    def _put(self, bucket: str, name: str, content: bytes, size: int = 0) -> None:
        path = self.data / "buckets" / bucket / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.truncate(path, size or len(content))
        os.utime(path, ns=(OLD_NS, OLD_NS))

    def _a_backup_that_is_whole(self, here: Installation) -> None:
        """Verified in two buckets, and pinned; restored once for a test."""
        here.until(at(0, 10), timedelta(minutes=10))
        backup = here.one("backups", status="verified")
        pinned = ["backups", "pin", backup["id"], "--note", "before the move", "--as", "Aoki"]
        assert code().main([*pinned, "--data", str(self.data)]) == 0
        here.until(at(0, 40), timedelta(minutes=10))
        assert here.one("restores", status="finished")["purpose"] == "test"

    def _an_incident_that_is_over(self, here: Installation) -> None:
        """Acknowledged, resolved, its postmortem drafted."""
        here.until(at(0, 42))
        here.alert("checkout", "critical")
        here.deliver()
        here.until(at(0, 43))
        here.command(here.one("incidents", title="checkout is wrong")["id"], "acknowledge", "Aoki")
        here.until(at(0, 44))
        here.alert("checkout", "critical", "resolved")
        here.deliver()
        assert here.one("incidents", status="resolved")["postmortem"]

    def _one_that_is_quiet(self, here: Installation) -> None:
        """Acknowledged by a mailed link; its alert keeps firing, which changes nothing."""
        queue = {"starts_at": "2026-11-20T00:43:00Z"}
        here.alert("queue", "error", **queue)
        here.deliver()
        here.until(at(0, 45))
        assert here.click(link(self.outside.mails, "queue")) == (200, 200)
        here.deliver()
        here.until(at(0, 50), timedelta(minutes=5))
        before = here.documents("alerts")
        here.alert("queue", "error", **queue)
        here.deliver()
        assert here.documents("alerts") == before

    def _a_message_that_is_none(self, here: Installation) -> None:
        """Its body does not fit: it is parked, and the platform's people are told."""
        here.until(at(1, 0), timedelta(minutes=10))
        here.publish("alert-fired", "toban.alert.fired.v1", "not-an-alert", {"source": 7})
        here.deliver()
        assert here.documents("parked")

    def _a_draft_that_cannot_be_written(self, here: Installation) -> Path:
        """Its place is taken until the message has become a dead letter; meanwhile others open."""
        here.until(at(1, 10), timedelta(minutes=10))
        here.alert("logs", "warning")
        here.until(at(1, 12))
        here.alert("cache", "warning")
        here.until(at(1, 14))
        here.alert("payments", "critical")
        here.until(at(1, 16))
        incident = here.one("incidents", title="payments is wrong")
        draft = self.data / f"blobs/postmortems/shop/{incident['id']}-1.md"
        draft.mkdir(parents=True)
        here.alert("payments", "critical", "resolved")
        here.alert("database", "critical")
        here.deliver()
        return draft

    def _a_backup_that_is_only_replicated(self, here: Installation) -> None:
        """And an export that Google is still making."""
        here.until(at(1, 18))
        for minute in (19, 20):
            here.clock.moment = at(1, minute)
            here.turn(but=["verify_backup"])
        assert here.one("backups", source="orders")["status"] == "running"

    def _a_step_with_a_pager_that_fails(self, here: Installation) -> None:
        self.outside.answers["/pager"] = [503]
        here.turn(but=["run_backup_step"])
        assert here.one("incidents", title="database is wrong")["step"] == 1
        assert here.one("notifications", state="waiting")["channel"] == "pager"
        assert here.letters() == {"incident-resolved--draft_postmortem": 1}

    def _a_backup_that_pauses(self, here: Installation) -> None:
        """After the first part its step's time is up; the next step stays in the queue."""

        def looked() -> None:
            takes = here.documents("backup_jobs").values()
            if any(
                job["stage"] == "take" and job["done"] == 1 and not job["over"] for job in takes
            ):
                here.clock.looked = lambda: None
                here.clock.moment = STOPPED

        here.clock.looked = looked
        while here.clock.moment < STOPPED:
            assert here.deliver_one("run_backup_step")

    def _an_answer_that_half_is_told(self, here: Installation) -> None:
        """One of two subscribers has heard of it, and another answer waits for who carries it out."""
        here.command(here.one("incidents", title="logs is wrong")["id"], "acknowledge", "Baba")
        here.deliver("act_on_incident")
        here.deliver("settle_incident")
        here.command(here.one("incidents", title="cache is wrong")["id"], "acknowledge", "Baba")

    def _die(self, now: datetime, function: str) -> None:
        """A process that delivers what is due to a function, and is killed in the middle of it."""
        child = subprocess.Popen(
            [sys.executable, __file__, "--die", function, str(self.data), now.isoformat()],
            env=os.environ | self.outside.environ(),
        )
        self.outside.on_call = lambda _: child.kill()
        assert child.wait(60) == -signal.SIGKILL
        self.outside.on_call = lambda _: None


class _Given(Outside):
    """The outside of a process that is to die: its parent's."""

    def environ(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name.startswith("TOBAN_")}


def die(function: str, data: Path, now: datetime) -> None:
    """
    Deliver to a function, and be killed: after the first copy that `verify_backup` has read, after
    `act_on_incident` has committed and before it publishes; or by the outside, when it is called.
    """
    with opened(code(), data, now, _Given()) as here:
        receipts = len(here.documents("receipts"))

        def looked() -> None:
            jobs = here.documents("backup_jobs").values()
            half = function == "verify_backup" and any(len(j.get("read", {})) == 1 for j in jobs)
            done = function == "act_on_incident" and len(here.documents("receipts")) > receipts
            if half or done:
                os.kill(os.getpid(), signal.SIGKILL)

        here.clock.looked = looked
        here.deliver(function)


# --- writing it down -------------------------------------------------------------------------


def write(home: Path, out: Path) -> None:
    """Tell the story, and pack what it leaves."""
    with Outside().open() as outside:
        Story(home / "data", outside).tell()
    packing.pack(home / "data", out / "data")
    packing.unpack(out / "data", home / "unpacked")
    packing.pack(home / "unpacked", home / "again")
    for name in ("files.json", "toban.db.sql"):
        assert (home / "again" / name).read_bytes() == (out / "data" / name).read_bytes()
    before = {"calls": outside.calls, "mails": outside.mails, "exported": outside.exported}
    _write(out, "before", before)
    _write(out, "known", known(home / "unpacked"))


def write_end(home: Path, out: Path) -> None:
    """Record what that code shows of the fixture in `out`, and how it goes on from there."""
    before, told = (json.loads((out / f"{name}.json").read_text()) for name in ("before", "known"))
    packing.unpack(out / "data", home / "opened")
    _write(out, "shown", shown(code(), home / "opened", told["ids"]))
    with Outside().open() as outside:
        outside.exported = before["exported"]
        with opened(code(), home / "opened", STARTED, outside) as here:
            go_on(here, before["mails"])
            _write(out, "end", end(here, told["collections"]))


def _write(out: Path, name: str, content: Any) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
    (out / f"{name}.json").write_text(text + "\n", "utf-8")


def known(data: Path) -> dict[str, Any]:
    """What that commit knows (`tests.compat.compare.Known`), and what is what in the directory."""
    topology = previous("topology").load()
    with closing(sqlite3.connect(data / "toban.db")) as connection:
        rows = connection.execute("SELECT collection, id, data FROM documents").fetchall()
    documents = [(name, id, json.loads(text)) for name, id, text in rows]
    ids = {"not-an-alert": next(id for name, id, _ in documents if name == "parked")}
    ids |= {d["title"].split()[0]: id for name, id, d in documents if name == "incidents"}
    ids |= {d["source"]: id for name, id, d in documents if name == "backups"}
    return {
        "commit": COMMIT,
        "ids": ids,
        "collections": sorted({name for name, _, _ in documents}),
        "types": sorted(previous("kernel.event").registered()),
        "subscriptions": sorted(s.name for s in topology.subscriptions()),
        "maps": sorted(maps()),
    }


def maps() -> set[str]:
    """Names of the fields of all documents and events whose type is a mapping."""
    inspect = importlib.import_module("msgspec.inspect")
    waiting = list(previous("kernel.event").registered().values())
    waiting += _below(previous("kernel.document").Document)
    names, types = set(), list(inspect.multi_type_info(waiting))
    seen: set[type] = set()
    while types:
        found = types.pop()
        inner = [getattr(found, name, ()) for name in ("types", "item_types")]
        types += [one for several in inner for one in several]
        types += [getattr(found, n) for n in ("item_type", "value_type") if hasattr(found, n)]
        if isinstance(found, inspect.StructType) and found.cls not in seen:
            seen.add(found.cls)
            types += [field.type for field in found.fields]
            names |= {f.encode_name for f in found.fields if isinstance(f.type, inspect.DictType)}
    return names


def _below(cls: type) -> list[type]:
    return [one for sub in cls.__subclasses__() for one in (sub, *_below(sub))]


def main() -> None:
    """Write the fixture; or be the process that is to die."""
    if sys.argv[1:2] == ["--die"]:
        die(sys.argv[2], Path(sys.argv[3]), datetime.fromisoformat(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", metavar="DIR", type=Path, default=PREVIOUS)
    parser.add_argument("--end", action="store_true", help="only how it goes on, of what is there")
    asked = parser.parse_args()
    root = str(previous("local.world").ROOT)
    head, changed = (
        subprocess.check_output(["git", "-C", root, *words], text=True).strip()
        for words in (["rev-parse", "HEAD"], ["status", "--porcelain"])
    )
    if (head, changed) != (COMMIT, ""):
        raise SystemExit(f"{root} is not commit {COMMIT}, unchanged: see the docstring")
    with tempfile.TemporaryDirectory() as home:
        if not asked.end:
            write(Path(home), asked.out)
        write_end(Path(home), asked.out)


if __name__ == "__main__":
    main()
