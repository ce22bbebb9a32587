"""The reference for authors of profiles says what the types say."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from tests import profiles as types
from tests.profiles import BackupSource, Channel, Profile
from toban.sections.check import check
from toban.sections.load import parse_profile
from toban.strictyaml.values import Section

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ["profile.md", "profile.ja.md"]

SECTIONS = [
    kind
    for kind in vars(types).values()
    if isinstance(kind, type) and issubclass(kind, Section) and kind is not Section
]


@pytest.fixture(params=PAGES)
def page(request) -> str:
    return (DOCS / request.param).read_text(encoding="utf-8")


def test_every_section_has_a_heading(page):
    headings = re.findall(r"^## ([a-z]+)$", page, re.MULTILINE)

    assert headings == [field.name for field in msgspec.structs.fields(Profile)]


@pytest.mark.parametrize("kind", SECTIONS, ids=lambda kind: kind.__name__)
def test_every_key_is_mentioned(page, kind):
    names = [f.encode_name for f in msgspec.structs.fields(kind)]

    assert [name for name in names if f"`{name}`" not in page and f"## {name}\n" not in page] == []


def test_no_key_is_invented(page):
    known = {f.encode_name for kind in SECTIONS for f in msgspec.structs.fields(kind)}
    tags = {str(kind.__struct_config__.tag) for kind in get_args(Channel | BackupSource)}

    described = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))

    assert described <= known | tags
    assert tags <= described


def test_the_defaults_in_the_tables_are_those_of_the_types(page):
    for section, kind in [("grouping", types.Grouping), ("oncall", types.Rotation)]:
        table = page.split(f"## {section}\n")[1].split("\n## ")[0]
        rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE))
        for field in msgspec.structs.fields(kind):
            shown = rows[field.encode_name]
            if field.type is types.Seconds:
                assert shown == f"`{field.default // 60}m`"
            elif field.type is int:
                assert shown == f"`{field.default}`"
            assert field.required == (shown in {"required", "必須"})


def test_the_example_is_a_profile_in_order(page):
    [example] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    profile = parse_profile(example, "example").profile

    assert [f.render() for f in check(profile)] == []
