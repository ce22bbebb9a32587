"""
What the release before left in a data directory goes on with the present code, and ends as it would have.

`previous/` is such a directory, written by commit a82e58a (`write_previous`). Its process ended while
an incident was at its first step, a pager had not answered, a chat's answer was awaited, a backup
paused, an export was being made, another was half verified, a link had been mailed, one event had
reached one of two subscribers and another was committed only, and a draft could not be written. All of it is opened here, a copy of
it, with a clock that is set, and compared with what that code made of it itself.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.compat import packing
from tests.compat.compare import Known, compare, differences
from tests.compat.current import CODE
from tests.compat.drive import SERVICES, opened
from tests.compat.go_on import STARTED, end, go_on, link, shown
from tests.compat.outside import Outside
from tests.compat.since import without_what_is_new

pytestmark = pytest.mark.xdist_group("previous release")

PREVIOUS = Path(__file__).resolve().parent / "previous"
PATIENCE_S = 120.0
"""How long the runtime's threads are waited for, on a machine that is busy."""


def read(name: str) -> Any:
    return json.loads((PREVIOUS / f"{name}.json").read_text("utf-8"))


BEFORE, EXPECTED, KNOWN = read("before"), read("end"), read("known")
IDS: dict[str, str] = KNOWN["ids"]
ADDS = Known(frozenset(KNOWN["maps"]), frozenset(KNOWN["types"]), frozenset(KNOWN["subscriptions"]))

ALLOWED = {
    f"documents/incidents/{IDS['database']}/timeline/3/detail/proof": (
        "a line that a command leaves on the timeline says what proves who gave it"
    ),
    r"mails/<[^>]+>/(Subject|html|plain): ": "messages are read in another order, and say more",
    r"calls//room [^#]+#1/body/attachments/0/blocks/": "messages say more, and what they need not twice",
    r"objects/[^/]+/toban-backup-format-1/": "how a bucket is read lies in the bucket",
    r"documents/(groups/toban/open/1/key|incidents/[^/]+/group_key): \"source=toban,": (
        "alerts that are grouped by `source` are told apart by their sender"
    ),
    r"calls//pager [^#]+#1/X-Toban-Signature: ": "a webhook is told more of an incident",
    r"receipts/watch_backups ": "the watch notes when it looked whose turn it is to be read again",
}
"""Where the end may differ (how what `compare` says begins), and why; none that does not."""
RENAMED = {
    "ldtcekd5ztm5cvjlro2zfjgk6m": (
        "what a link asks for says more than before (subject, proof), and one id stands for one body"
    ),
    "7pwufx2j674hvwimu3evz3wiqg": (
        "a report that fires on ten minutes after its start is an event of its own: the alert is heard of"
    ),
}
"""Events whose ids, and those of all that follows from them, may be others now; and why."""


@dataclass(frozen=True)
class Gone:
    """How it went on."""

    data: Path
    outside: Outside
    end: dict[str, Any]

    def document(self, collection: str, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.end["documents"][f"{collection}/{id}"]
        return found


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gone]:
    """The fixture after two hours with the present code."""
    data = tmp_path_factory.mktemp("previous") / "data"
    packing.unpack(PREVIOUS / "data", data)
    with world() as outside, opened(CODE, data, STARTED, outside) as here:
        go_on(here, BEFORE["mails"])
        yield Gone(data, outside, end(here, KNOWN["collections"]))


def world() -> Any:
    outside = Outside()
    outside.exported = BEFORE["exported"]
    return outside.open()


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A copy of the directory as it was left."""
    packing.unpack(PREVIOUS / "data", tmp_path / "data")
    return tmp_path / "data"


# --- as the old would have -------------------------------------------------------------------


def test_it_ends_as_the_release_before_would_have_ended_it(gone: Gone):
    found = without_what_is_new(EXPECTED, gone.end)
    said = compare(EXPECTED, found, ADDS, RENAMED)
    assert [word for word in said if not any(re.match(path, word) for path in ALLOWED)] == []
    assert [path for path in ALLOWED if not any(re.match(path, word) for word in said)] == []
    assert [id for id in RENAMED if id in gone.end["events"]] == []


def test_the_command_line_shows_it_as_before(left: Path):
    assert differences(read("shown"), shown(CODE, left, IDS), ADDS.maps) == []


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("incidents list --all", "database is wrong"),
        ("incidents show {database}", "Baba"),
        ("notifications list --all", "pager"),
        ("backups list --all", "{media}"),
        ("backups show {files}", "shop-osaka"),
        ("parked list", "toban.alert.fired.v1"),
        ("parked show {not-an-alert}", "source"),
        ("dead list", "incident-resolved--draft_postmortem"),
        ("schedules", "shop--orders--daily"),
        ("oncall", "Aoki"),
        ("trace {database}", "escalate_incident"),
    ],
)
def test_the_command_line_shows_it_to_people(
    left: Path, capsys: pytest.CaptureFixture[str], line: str, wanted: str, lang: str
):
    words = line.format_map(IDS).split()
    assert (
        CODE.main([*words, "--lang", lang, "--data", str(left), "--services", str(SERVICES)]) == 0
    )
    assert wanted.format_map(IDS) in capsys.readouterr().out


# --- each of them, in its own words ----------------------------------------------------------


def test_the_timer_that_was_due_takes_the_second_step_and_calls_whom_it_names(gone: Gone):
    incident = gone.document("incidents", IDS["database"])
    steps = [e for e in incident["timeline"] if e["kind"] == "escalated"]
    assert steps[1]["at"] == STARTED.isoformat()
    calls = [c["body"] for c in gone.outside.to("/pager") if c["body"]["kind"] == "escalated"]
    first = [c["target"] for c in calls if c["created_at"] == "2026-11-20T01:45:00.000000Z"]
    assert first == ["person:lead"]


def test_the_reminder_that_was_due_reaches_whoever_had_acknowledged(gone: Gone):
    reminders = [m for m in gone.outside.mails if "still open: queue is wrong" in m["Subject"]]
    assert [m["recipients"] for m in reminders] == [["aoki@shop.example"]]


def test_a_notification_that_was_not_taken_is_sent_once_under_its_key(gone: Gone):
    (refused,) = [call for call in BEFORE["calls"] if call["answered"] == 503]
    again = [
        c for c in gone.outside.calls if c.get("Idempotency-Key") == refused["Idempotency-Key"]
    ]
    assert [(call["to"], call["answered"]) for call in again] == [("/pager", 200)]
    assert again[0]["body"] == refused["body"]


def test_a_call_whose_outcome_nobody_knows_is_made_again_and_says_so(gone: Gone):
    text = "P3 incident opened: disk is wrong"
    before = [call["body"] for call in BEFORE["calls"] if call["body"].get("text") == text]
    since = [call["body"] for call in gone.outside.to("/room") if call["body"]["text"] == text]
    assert (len(before), len(since)) == (1, 1)
    assert "This may be a repetition" in json.dumps(since[0])
    assert "This may be a repetition" not in json.dumps(before[0])


def test_a_link_that_was_mailed_acknowledges(gone: Gone):
    incident = gone.document("incidents", IDS["database"])
    taken = [entry for entry in incident["timeline"] if entry["kind"] == "acknowledged"]
    assert [entry["actor"] for entry in taken] == ["Baba"]


def test_the_backup_that_paused_is_whole_in_both_regions_and_restores(gone: Gone):
    backup = gone.document("backups", IDS["media"])
    assert (backup["status"], backup["parts"], backup["items"]) == ("verified", 2, 2)
    assert [copy["level"] for copy in backup["copies"]] == ["format", "content"]
    assert gone.document("restores", "media-1")["status"] == "finished"
    recovered = gone.data / "buckets" / "shop-recovered"
    source = gone.data / "buckets" / "shop-media"
    for name in ("a-film.raw", "b-poster.txt"):
        assert digest(recovered / name) == digest(source / name)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_the_backup_whose_verification_died_and_what_it_builds_on_restore(gone: Gone):
    assert gone.document("backups", IDS["files"])["status"] == "verified"
    recovered = gone.data / "buckets" / "shop-recovered-files" / "照片"
    source = gone.data / "buckets" / "shop-files" / "照片"
    contents = {path.name: path.read_bytes() for path in recovered.iterdir()}
    assert contents == {path.name: path.read_bytes() for path in source.iterdir()}
    assert len(contents) == 4


def test_the_export_that_was_waited_for_becomes_a_backup(gone: Gone):
    backup = gone.document("backups", IDS["orders"])
    assert (backup["status"], backup["plain_bytes"]) == ("verified", 83)


@pytest.mark.parametrize("rule", ["logs", "cache"])
def test_an_answer_that_was_half_told_is_told_once(gone: Gone, rule: str):
    """One event had not reached its second subscriber, another was committed and not published."""
    incident = gone.document("incidents", IDS[rule])
    assert [e["kind"] for e in incident["timeline"]] == ["opened", "acknowledged"]
    text = f"P3 acknowledged: {rule} is wrong"
    assert len([call for call in gone.outside.to("/room") if call["body"]["text"] == text]) == 1


def test_a_link_clicked_before_and_again_undoes_nothing_and_calls_nobody(left: Path):
    """
    The release before took it for the same click and did nothing. Since what a link asks for has got
    another id (`RENAMED`), it says that the incident is still in hand. That release's links prove
    nobody, so whoever was called hears of it, the one who is named included.
    """
    with world() as outside, opened(CODE, left, STARTED, outside) as here:
        here.restart()
        here.turn()
        before = here.one("incidents", title="queue is wrong")
        mails, calls = len(outside.mails), len(outside.calls)
        assert here.click(link(BEFORE["mails"], "queue")) == (200, 200)
        here.deliver()
        after = here.one("incidents", title="queue is wrong")
        assert after["status"] == before["status"] == "acknowledged"
        assert after["assignee"] == before["assignee"] == "Aoki"
        assert [e["kind"] for e in after["timeline"][len(before["timeline"]) :]] == ["confirmed"]
        assert len(outside.calls) == calls
        (mail,) = outside.mails[mails:]
        assert "acknowledged" in mail["Subject"]
        assert mail["recipients"] == ["aoki@shop.example"]


def test_the_dead_letter_is_redriven_and_its_draft_written(gone: Gone):
    incident = gone.document("incidents", IDS["payments"])
    assert incident["postmortem"]
    assert "payments is wrong" in gone.end["blobs"][incident["postmortem"]]
    assert gone.end["dead letters"] == {}


# --- by its own threads ----------------------------------------------------------------------


def test_the_running_runtime_goes_on_with_it_too(left: Path):
    with world() as outside, opened(CODE, left, STARTED, outside, running=True) as here:
        here.finish_export()

        def wait(holds: Callable[[], bool]) -> None:
            deadline = time.monotonic() + PATIENCE_S
            while not holds():
                assert time.monotonic() < deadline, "it did not come to that"
                time.sleep(0.05)
                here.clock.moment += timedelta(seconds=0.05)

        wait(lambda: here.one("incidents", title="database is wrong")["step"] == 2)
        wait(lambda: all(b["status"] == "verified" for b in here.documents("backups").values()))
        wait(lambda: len(outside.to("/pager")) == 2)
        targets = sorted(call["body"]["target"] for call in outside.to("/pager"))
        assert targets == ["person:baba", "person:lead"]
        assert here.click(link(BEFORE["mails"], "database")) == (200, 200)
        wait(lambda: here.one("incidents", title="database is wrong")["assignee"] == "Baba")
