"""The reference for authors of profiles says what the types say: a page for each section."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from tests import profiles as types
from toban.kernel.kinds import kinds, tag_of
from toban.sections.check import check
from toban.sections.collect import SectionDefinition, defined
from toban.sections.load import parse_profile
from toban.strictyaml.values import Section
from toban.topology.generate import ROOT

DOCS = ROOT / "docs"
ENDINGS = [".md", ".ja.md"]
SECTIONS = {section.key.name: section for section in defined()}
KINDS = {
    "channels": kinds("toban.channels", types.AnyChannel),
    "backup": kinds("toban.sources", types.AnySource),
}
"""By section: what its entries are told apart by."""


@pytest.fixture(params=ENDINGS)
def ending(request) -> str:
    return request.param


def index(ending: str) -> str:
    return (DOCS / f"profile{ending}").read_text(encoding="utf-8")


def page(name: str, ending: str) -> str:
    """The page of a section, and what kinds say of themselves in their own folders."""
    text = (DOCS / "profile" / f"{name}{ending}").read_text(encoding="utf-8")
    return text + "".join(
        extra.read_text(encoding="utf-8")
        for kind in KINDS.get(name, ())
        if (extra := folder_of(kind) / f"kind{ending}").exists()
    )


def folder_of(kind: type) -> Path:
    return ROOT / "shared" / Path(*kind.__module__.split(".")[:-1])


def structs(kind: Any) -> Iterator[type[Section]]:
    """Every struct that a section is made of."""
    if isinstance(kind, type) and issubclass(kind, Section):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs(field.type)
    for argument in get_args(kind):
        yield from structs(argument)


def keys(section: SectionDefinition) -> set[str]:
    return {
        f.encode_name for kind in structs(section.key.type) for f in msgspec.structs.fields(kind)
    }


def test_every_section_has_a_page_and_every_page_a_section(ending):
    pages = {path.name.partition(".")[0] for path in (DOCS / "profile").glob(f"*{ending}")}

    assert pages == set(SECTIONS)


def test_the_index_leads_to_every_page_in_order(ending):
    links = re.findall(
        rf"^\| \[(\w+)\]\(profile/(\w+){re.escape(ending)}\)", index(ending), re.MULTILINE
    )

    assert links == [(name, name) for name in SECTIONS]


def test_a_page_leads_to_the_other_language_and_back(ending):
    other = next(e for e in ENDINGS if e != ending)
    for name in SECTIONS:
        first = page(name, ending).splitlines()[:3]
        assert first[0] == f"# {name}"
        assert f"]({name}{other})" in first[2]
        assert f"](../profile{ending})" in first[2]


@pytest.mark.parametrize("name", SECTIONS)
def test_every_key_is_mentioned_on_the_page_of_its_section(name, ending):
    text = page(name, ending)

    assert [key for key in sorted(keys(SECTIONS[name])) if f"`{key}`" not in text] == []


@pytest.mark.parametrize("name", SECTIONS)
def test_no_key_is_invented(name, ending):
    tags = {tag_of(kind) for kind in KINDS.get(name, ())}

    described = set(re.findall(r"^\| `(\w+)` \|", page(name, ending), re.MULTILINE))

    assert described <= keys(SECTIONS[name]) | tags
    assert tags <= described


def test_the_defaults_in_the_tables_are_those_of_the_types(ending):
    for section, kind in [("grouping", types.Grouping), ("oncall", types.Rotation)]:
        table = page(section, ending)
        rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE))
        for field in msgspec.structs.fields(kind):
            shown = rows[field.encode_name]
            if field.type is types.Seconds:
                assert shown == f"`{field.default // 60}m`"
            elif field.type is int:
                assert shown == f"`{field.default}`"
            assert field.required == (shown in {"required", "必須"})


def test_the_example_is_a_profile_in_order(ending):
    [example] = re.findall(r"```yaml\n(.*?)```", index(ending), re.DOTALL)
    profile = parse_profile(example, "example").profile

    assert [f.render() for f in check(profile)] == []
