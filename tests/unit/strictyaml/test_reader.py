"""The one strict reader: what a type says about its values is held, each complaint with its place."""

from datetime import UTC, datetime
from textwrap import dedent
from typing import Annotated

import msgspec
import pytest
from msgspec import UNSET, Meta, UnsetType

from toban.strictyaml.compose import compose
from toban.strictyaml.reader import YamlReader
from toban.strictyaml.values import Section, ZoneName
from toban.texts import Both

Name = Annotated[str, Meta(pattern=r"^[a-z]+$", max_length=5)]


class Shift(Section, frozen=True):
    at: datetime
    timezone: ZoneName | None = None


class Machine(Section, frozen=True, kw_only=True):
    memory: Annotated[int, Meta(ge=128, le=512)]
    backoff: tuple[int, int] = (1, 2)


class Farm(Section, frozen=True):
    machines: dict[Name, Machine] = {}
    shifts: tuple[Shift, ...] = ()
    owner: Name = "me"
    since: str | UnsetType = UNSET


def read(text: str, **options) -> tuple[Farm | None, list[str]]:
    reader = YamlReader("farm.yaml", **options)
    farm = reader.read(compose(dedent(text), "farm.yaml", "machines"), Farm)
    return farm, [f"{f.line}:{f.column} {f.path}: {f.message.en}" for f in reader.findings]


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("memory: 64", "2:15 machines.a.memory: expected at least 128."),
        ("memory: 1024", "2:15 machines.a.memory: expected at most 512."),
        ("memory: lots", "2:15 machines.a.memory: expected a whole number, got 'lots'."),
        ("memory: 256, backoff: [1]", "2:29 machines.a.backoff: expected a list of 2 values, got a list."),
        ("memory: 256, backoff: [1, x]", "2:33 machines.a.backoff[1]: expected a whole number, got 'x'."),
    ],
)  # fmt: skip
def test_bounds_and_lengths_are_those_of_the_type(written, complaint):
    farm, said = read(f"machines:\n  a: {{{written}}}\n")

    assert (farm, said) == (None, [complaint])


def test_names_have_the_form_of_the_type():
    said = read("machines: {UP: {memory: 256}, toolong: {memory: 256}}\nowner: Me\n")[1]

    assert said == [
        "1:12 machines.UP: expected the form ^[a-z]+$, got 'UP'.",
        "1:31 machines.toolong: longer than 5 characters.",
        "2:8 owner: expected the form ^[a-z]+$, got 'Me'.",
    ]


def test_what_is_given_holds_where_the_file_is_silent():
    farm, said = read(
        "machines: {a: {}, b: {memory: 256}}\n", given={Machine: {"memory": 128, "backoff": (3, 4)}}
    )

    assert said == []
    assert farm is not None
    assert farm.machines == {
        "a": Machine(memory=128, backoff=(3, 4)),
        "b": Machine(memory=256, backoff=(3, 4)),
    }


def test_a_time_is_local_to_the_nearest_zone_around_it():
    farm, said = read(
        """\
        shifts:
          - {at: 2025-07-01 09:00, timezone: Europe/Berlin}
          - {timezone: UTC, at: 2025-07-01 09:00}
          - {at: 2025-07-01 09:00}
        """,
        zone="Asia/Tokyo",
    )

    assert said == []
    assert farm is not None
    assert [s.at for s in farm.shifts] == [datetime(2025, 7, 1, h, tzinfo=UTC) for h in (7, 9, 0)]


def test_names_to_come_are_told_apart_from_mistakes_and_only_at_the_top():
    options = {"not_yet": {"barns": Both("まだありません。", "not yet.")}}

    assert read("barns: 1\nbarn: 2\n", **options)[1] == [
        "1:1 barns: not yet.",
        "2:1 barn: unknown key 'barn'. Known: machines, owner, shifts, since.",
    ]
    assert "unknown key" in read("machines: {a: {memory: 256, barns: 1}}\n", **options)[1][0]


def test_a_key_that_came_later_is_not_stored_where_nothing_says_it():
    silent, telling = read("owner: you\n")[0], read("owner: you\nsince: May\n")[0]

    assert msgspec.to_builtins(silent) == {"machines": {}, "shifts": (), "owner": "you"}
    assert msgspec.to_builtins(telling)["since"] == "May"
