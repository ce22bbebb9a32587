"""Structured logs: one JSON object a line, nothing secret in it, nothing that breaks out of it."""

import io
import json
from datetime import datetime

import pytest

from tests.unit.kernel.world import FUNCTION, World, add_one
from toban import __version__
from toban.kernel import log


@pytest.fixture
def stream(monkeypatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(log.Settings, "stream", stream)
    monkeypatch.setattr(log.Settings, "level", 20)
    monkeypatch.setattr(log, "_secrets", [])
    return stream


def lines(stream: io.StringIO) -> list[dict]:
    text = stream.getvalue()
    assert text.endswith("\n")
    return [json.loads(line) for line in text[:-1].split("\n")]


def line(stream: io.StringIO) -> dict:
    (only,) = lines(stream)
    return only


def test_a_line_has_the_fields_of_cloud_logging_and_whatever_the_caller_adds(stream):
    with log.context(function="open_incident", event_id="evt-1", correlation_id="evt-0", empty=""):
        log.warning("slow", seconds=3.5, alerts=["a", "b"], ok=True, nothing=None)
    found = line(stream)
    written = datetime.fromisoformat(found.pop("timestamp"))
    assert written.tzinfo is not None
    assert found == {
        "severity": "WARNING",
        "message": "slow",
        "service": "toban",
        "version": __version__,
        "environment": log.Settings.environment,
        "function": "open_incident",
        "event_id": "evt-1",
        "correlation_id": "evt-0",
        "seconds": 3.5,
        "alerts": ["a", "b"],
        "ok": True,
        "nothing": None,
    }


def test_context_ends_where_it_ends(stream):
    with log.context(function="outer"):
        with log.context(function="inner", event_id="evt-1"):
            log.info("in")
        log.info("out")
    log.info("outside")
    inside, out, outside = lines(stream)
    assert (inside["function"], inside["event_id"]) == ("inner", "evt-1")
    assert out["function"] == "outer"
    assert "event_id" not in out
    assert "function" not in outside


def test_an_error_comes_with_type_message_and_stack(stream):
    try:
        raise KeyError("lost")
    except KeyError as error:
        log.error("handling failed", error=error)
        log.error("refused", error=error, stack=False)
    defect, refusal = lines(stream)
    assert defect["error"]["type"] == "KeyError"
    assert defect["error"]["message"] == "'lost'"
    assert "test_log.py" in defect["error"]["stack"]
    assert refusal["error"] == {"type": "KeyError", "message": "'lost'"}


@pytest.mark.parametrize(
    ("level", "written"),
    [
        *((10, "DIWE"), (11, "IWE"), (20, "IWE"), (21, "WE"), (30, "WE")),
        *((31, "E"), (40, "E"), (41, ""), (50, "")),
    ],
)
def test_only_what_is_grave_enough_is_written(stream, monkeypatch, level, written):
    monkeypatch.setattr(log.Settings, "level", level)
    for write in (log.debug, log.info, log.warning, log.error):
        write("x")
    initials = "".join(json.loads(text)["severity"][0] for text in stream.getvalue().splitlines())
    assert initials == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("key is s3cr3t-value!", "key is [secret]!"),
        ("https://user:pa55word@host/x", "https://[secret]@host/x"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [secret]"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: basic [secret]"),
        (
            "POST https://hooks.slack.com/services/T0/B0/xyzzy failed",
            "POST https://hooks.slack.com/services/[secret] failed",
        ),
        ("token xoxb-123456-abcdef used", "token [secret] used"),
        ("/cloud-monitoring?auth_token=t0ken&x=1", "/cloud-monitoring?auth_token=[secret]&x=1"),
        ("nothing to hide: basic ally", "nothing to hide: basic ally"),
    ],
)
def test_secrets_are_masked_wherever_they_appear(stream, said, written):
    log.hide("s3cr3t-value")
    with log.context(function=said):
        log.error(said, error=ValueError(said), field=said, many=[{said: (said, {"k": said})}])
    found = line(stream)
    assert found["message"] == found["field"] == found["function"] == written
    assert found["error"]["message"] == written
    assert written in found["error"]["stack"]
    assert found["many"] == [{written: [written, {"k": written}]}]


def test_a_secret_inside_another_is_masked_as_a_whole(stream):
    log.hide("abcdef")
    log.hide("abcdef-and-more")
    log.info("abcdef-and-more, abcdef")
    assert line(stream)["message"] == "[secret], [secret]"


def test_a_value_too_short_to_be_a_secret_is_not_searched_for(stream):
    log.hide("on")
    log.info("once upon a time")
    assert line(stream)["message"] == "once upon a time"


def test_what_is_no_json_value_is_written_as_text_and_masked(stream):
    log.hide("s3cr3t-value")
    log.info("x", raw=b"s3cr3t-value", error_like=ValueError("s3cr3t-value"), kinds={"a"})
    found = line(stream)
    assert found["raw"] == "b'[secret]'"
    assert found["error_like"] == "[secret]"
    assert found["kinds"] == "{'a'}"


INJECTION = 'ok\n{"severity":"ERROR","message":"forged"}\r\n\x1b[31mred\x1b[0m\x9b31m\x00\x7f'


def test_no_input_forges_a_line_or_reaches_the_terminal(stream):
    separators = "\u2028\u2029\x85\u202e\u2066"
    log.info(INJECTION, field=INJECTION + separators)
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert len(text.splitlines()) == 1
    assert not [c for c in text[:-1] if ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F or c in separators]
    found = line(stream)
    assert found["message"] == INJECTION, "escaped, not lost"
    assert found["field"] == INJECTION + separators


def test_text_that_is_no_unicode_is_written_all_the_same(stream):
    log.error("file a\udcffb", error=ValueError("\ud800"), name="\udcff")
    found = line(stream)
    assert found["message"] == r"file a\udcffb"
    assert found["error"]["message"] == r"\ud800"
    assert found["name"] == r"\udcff"


def test_japanese_stays_readable(stream):
    log.info("注文APIのエラー率")
    assert "注文APIのエラー率" in stream.getvalue()


def test_a_handling_says_which_event_it_was(stream):
    World().handle(add_one, correlation_id="evt-0")
    found = line(stream)
    assert (found["function"], found["event_id"]) == (FUNCTION, "evt-1")
    assert (found["correlation_id"], found["outcome"]) == ("evt-0", "done")


def test_a_defect_is_logged_with_its_stack_and_without_its_secrets(stream):
    log.hide("s3cr3t-value")
    world = World()

    def broken(*_):
        raise ValueError("key s3cr3t-value")

    with pytest.raises(ValueError, match="key"):
        world.handle(broken)
    found = line(stream)
    assert (found["severity"], found["error"]["message"]) == ("ERROR", "key [secret]")
    assert "broken" in found["error"]["stack"]
    assert world.tracer.by_event("evt-1")[0].error == "ValueError: key [secret]"
    assert "s3cr3t-value" not in stream.getvalue()
