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
        "by registering",
        "from functools import singledispatch\n@singledispatch\ndef f(c): ...\n",
        "import functools as t\nclass C:\n    f = t.singledispatchmethod(print)\n",
    ),
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
    Trial(
        "class",
        f"{SLACK}\ndef f(c):\n    return c.__class__ is {SLACK_CLASS}\n",
        f"{SLACK} as S\ndef f(c):\n    kind = c.__class__\n    return S == type(c) or kind is S\n",
    ),
    Trial(
        "tag",
        "def f(c):\n    return c.__struct_config__.tag == 'slack'\n",
        "def f(c):\n    asked = c.__struct_config__\n    return asked.tag in ('email', 'slack')\n",
    ),
    Trial(
        "tag by the kernel",
        "from toban.kernel.kinds import tag_of\ndef f(c):\n    return tag_of(type(c)) == 'slack'\n",
        f"import toban.kernel.kinds as k\n{SLACK} as S\n"
        "def f(c):\n    return k.tag_of(c) == k.tag_of(S)\n",
    ),
    Trial(
        "tag under another name",
        "from toban.kernel.kinds import tag_of\ndef f(c):\n    kind = tag_of(type(c))\n"
        "    return kind == 'slack'\n",
        "from toban.kernel.kinds import tag_of as t\ndef of(c):\n    return t(type(c))\n"
        "def f(c):\n    return 'slack' in (of(c), '')\n",
    ),
    Trial(
        "tag by the module",
        "import toban.kernel.kinds as k\ndef f(c):\n    return k.tag_of(c) == 'slack'\n",
        "from toban.kernel import kinds\ndef f(c):\n    return 'slack' != kinds.tag_of(c)\n",
    ),
    Trial(
        "tag as it is stored",
        "def f(profile, c):\n    return profile['channels'][c]['type'] == 'slack'\n",
        "def f(c):\n    kind = c.get('type')\n    return kind != 'slack'\n",
    ),
    Trial(
        "tag matched",
        "from toban.kernel.kinds import tag_of\ndef f(c):\n    match tag_of(c):\n"
        "        case 'redis':\n            return 1\n",
        "from toban.kernel.kinds import tag_of as t\ndef f(c):\n    match t(c):\n"
        "        case 'bucket' | 'redis' as found:\n            return found\n",
    ),
    Trial(
        "name",
        f"def f(c):\n    return type(c).__name__ == '{SLACK_CLASS}'\n",
        f"{SLACK} as S\ndef f(c):\n    return type(c).__name__ == S.__name__\n",
    ),
)
def test_asking_for_a_kind_outside_its_folder_is_found(files: dict[str, str]):
    assert unnoticed("kinds", files) == []


def test_a_word_that_is_also_a_tag_is_no_kind():
    source = "def f(actor, section):\n    return actor.means == 'slack' or section == 'logs'\n"
    assert found_by("kinds", {"shared/toban/kettles/rules.py": source}) == []


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
