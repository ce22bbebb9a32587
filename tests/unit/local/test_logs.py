"""The local runtimes' log: nothing is missing from the file, and what matters is there at once."""

import contextlib
import io
import json
import os
import time
from pathlib import Path

from toban.kernel import log
from toban.local import logs


def test_what_matters_is_in_the_file_at_once(tmp_path):
    file = logs.begin(tmp_path / "toban.log", None)
    try:
        log.info("first")
        log.warning("second")
        written = (tmp_path / "toban.log").read_text().splitlines()
    finally:
        logs.end(file)

    assert [json.loads(line)["message"] for line in written] == ["first", "second"]


def test_other_lines_follow_soon_and_all_are_there_at_the_end(tmp_path):
    path = tmp_path / "toban.log"
    file = logs.begin(path, None)
    try:
        log.info("soon")
        deadline = time.monotonic() + 20
        while not path.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert "soon" in path.read_text()
        for number in range(1000):
            log.info("line", number=number)
    finally:
        logs.end(file)

    numbers = [json.loads(line).get("number") for line in path.read_text().splitlines()[1:]]
    assert numbers == list(range(1000))


def test_a_full_file_is_kept_under_another_name(tmp_path):
    path = tmp_path / "toban.log"
    file = logs.LogFile(path, None, max_bytes=100)
    for letter in "abc":
        file.write(f"{letter * 80}\n")
    file.close()

    assert path.read_text() == f"{'c' * 80}\n"
    assert path.with_name("toban.log.1").read_text() == f"{'a' * 80}\n{'b' * 80}\n"


def test_a_full_disk_stops_nothing_and_the_terminal_still_hears():
    terminal = io.StringIO()
    file = logs.LogFile(Path("/dev/full"), terminal)
    for _ in range(3):
        file.write('{"severity":"WARNING","message":"no room"}\n' * 500)
        file.flush()
    file.close()
    assert "no room" in terminal.getvalue()


def test_people_read_the_time_of_their_zone_who_was_told_and_why():
    line = {"timestamp": "2026-11-24T17:00:00.123Z", "severity": "WARNING"}

    def shown(**fields):
        return logs.readable(json.dumps(line | fields), "Asia/Tokyo")

    assert shown(message="NOTIFICATION P1 down", target="Hanako") == (
        "02:00:00 JST WARNING NOTIFICATION P1 down → Hanako"
    )
    assert shown(message="request refused", reason="the signature is wrong") == (
        "02:00:00 JST WARNING request refused: the signature is wrong"
    )
    assert shown(message="secret not set", missing="INGEST_GENERIC") == (
        "02:00:00 JST WARNING secret not set: INGEST_GENERIC"
    )
    assert shown(function="tick", message="failed", error={"message": "full"}) == (
        "02:00:00 JST WARNING tick: failed: full"
    )


def test_a_terminal_that_is_gone_stops_nothing(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    path = tmp_path / "toban.log"
    terminal = open(writer, "w", buffering=1)  # noqa: SIM115, PTH123  its end fails as well
    file = logs.begin(path, terminal)
    try:
        log.warning("nobody reads")
        log.warning("still at work")
    finally:
        logs.end(file)
        with contextlib.suppress(BrokenPipeError):
            terminal.close()

    said = [json.loads(line)["message"] for line in path.read_text().splitlines()]
    assert said == ["nobody reads", "still at work"]


def test_what_is_logged_cannot_steer_the_terminal(tmp_path):
    terminal = io.StringIO()
    file = logs.begin(tmp_path / "toban.log", terminal)
    try:
        log.warning("refused", reason="\x1b]0;mine\x07", target="\u202eAoki\nand a line")
    finally:
        logs.end(file)

    said = terminal.getvalue()
    assert said.endswith("refused →  Aoki and a line:  ]0;mine \n")
    assert said.count("\n") == 1
