"""Whoever asks a channel or a source what kind it is, outside that kind's folder, is found."""

from __future__ import annotations

import pytest

from tests.house.kinds import kinds
from tests.house.scratch import Trial, found_by, trials, unnoticed
from tests.house.tree import this


def of(tag: str) -> str:
    """Where the kind with that tag is defined today: a kind is imported from wherever it stands."""
    (name,) = [name for name, known in kinds(this()).items() if known == tag]
    return "from {} import {}".format(*name.rsplit(".", 1))


SLACK, REDIS, EMAIL = (of(tag) for tag in ("slack", "redis", "email"))
SLACK_CLASS, REDIS_CLASS, EMAIL_CLASS = (o.rpartition(" ")[2] for o in (SLACK, REDIS, EMAIL))


def test_the_kinds_are_found():
    assert {"slack", "email", "webhook", "console", "firestore", "bucket", "postgres", "redis"} <= {
        *kinds(this()).values()
    }


@trials(
    Trial(
        "isinstance",
        f"{SLACK}\ndef f(channel):\n    return isinstance(channel, {SLACK_CLASS})\n",
        f"{SLACK} as Kind\nis_a = isinstance\ndef f(channel):\n    return is_a(channel, Kind)\n",
    ),
    Trial(
        "several",
        f"{SLACK}\n{EMAIL}\ndef f(c):\n    return isinstance(c, ({SLACK_CLASS}, {EMAIL_CLASS}))\n",
        f"{SLACK}\n{EMAIL}\nTHESE = {SLACK_CLASS} | {EMAIL_CLASS}\n"
        "def f(c):\n    return isinstance(c, THESE)\n",
    ),
    Trial(
        "match",
        f"{REDIS}\ndef f(source):\n    match source:\n        case {REDIS_CLASS}():\n"
        "            return 1\n",
        f"{REDIS} as R\ndef f(source):\n    match source:\n        case R(url_secret=x):\n"
        "            return x\n",
    ),
    Trial(
        "type",
        f"{REDIS}\ndef f(source):\n    return type(source) is {REDIS_CLASS}\n",
        f"{REDIS} as R\nHOW = {{R: 1}}\ndef f(source):\n    return HOW[type(source)]\n",
    ),
)
def test_asking_for_a_kind_outside_its_folder_is_found(files: dict[str, str]):
    assert unnoticed("kinds", files) == []


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("shared/toban/channels/slack/shiny.py", 0),
        ("shared/toban/channels/slack/inner/shiny.py", 0),
        ("shared/toban/channels/shiny.py", 1),
        ("shared/toban/channels/email/shiny.py", 1),
        ("shared/toban/cli/shiny.py", 1),
        ("functions/x/main.py", 1),
    ],
)
def test_a_kind_is_known_in_its_own_folder(path: str, found: int):
    source = f"{SLACK}\ndef f(channel):\n    return isinstance(channel, {SLACK_CLASS})\n"
    assert len(found_by("kinds", {path: source})) == found
