"""The README: its example is a good profile, its twin keeps step, its pictures are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from toban.topology.generate import ROOT

PAGES = ["README.md", "README.ja.md"]
TWINS = [("README.md", "README.ja.md"), ("docs/operations.md", "docs/operations.ja.md")]
MOST_BYTES = 250_000


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def shape(page: str) -> list[str]:
    """What both languages must share: levels of headings, kinds of blocks, rows of tables."""
    return re.findall(r"(?m)^(#+ |```\w*|\||- |\d\. )", page)


@pytest.mark.parametrize(("english", "japanese"), TWINS)
def test_both_languages_say_the_same_things_in_the_same_order(english, japanese):
    assert shape(read(english)) == shape(read(japanese))


@pytest.mark.parametrize(("english", "japanese"), TWINS)
def test_both_languages_name_the_same_settings_and_numbers(english, japanese):
    def fixed(page: str) -> set[str]:
        names = re.findall(r"`((?:TOBAN|INGEST|LINK|SLACK|SMTP|WEBHOOK)_[A-Z_]+)", page)
        return {*names, *re.findall(r"\$\d+(?:\.\d+)?", page)}

    assert fixed(read(english)) == fixed(read(japanese))


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_are_a_profile_that_check_accepts(empty, page):
    service, backup = re.findall(r"```yaml\n(.*?)```", read(page), re.DOTALL)
    assert max(len(example.splitlines()) for example in (service, backup)) <= 20
    path = empty.services / "shop.yaml"
    path.write_text(service + backup, encoding="utf-8")
    said = empty.run("check", str(path))
    assert said.code == 0, said.out
    assert "no errors, 0 warnings" in said.out


@pytest.mark.parametrize("page", [page for twins in TWINS for page in twins])
def test_every_link_and_picture_leads_to_something(page):
    place = (ROOT / page).parent
    named = re.findall(r"\]\(([^)#]+)\)|(?:src|srcset)=\"([^\"]+)\"", read(page))
    targets = {link or picture for link, picture in named}
    assert [t for t in targets if not t.startswith("http") and not (place / t).exists()] == []


def test_pictures_load_with_the_page():
    pictures = sorted((ROOT / "docs" / "pictures").glob("*.png"))
    assert pictures
    assert [p.name for p in pictures if p.stat().st_size > MOST_BYTES] == []


@pytest.mark.parametrize(
    "page", [*PAGES, *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
)
def test_python_is_that_of_the_checkout(page):
    assert not re.findall(r"(?<!\.venv/bin/)python -m (?:tests|toban)", read(page))


JAPANESE = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.ja.md"))


@pytest.mark.parametrize("page", ["README.ja.md", *JAPANESE])
def test_japanese_prose_has_full_width_brackets(page):
    prose = re.sub(r"(?ms)^ *```.*?^ *```|`[^`]*`|\]\([^)]*\)|<[^>]*>", "", read(page))
    japanese = "[、-ヿ一-鿿]"
    touching = rf"{japanese}\(|\){japanese}|\([^()]*{japanese}"
    assert re.findall(touching, prose) == []


@pytest.mark.parametrize("start", PAGES)
def test_every_page_can_be_reached_from_the_readme(start):
    found, waiting = set[Path](), [ROOT / start]
    while waiting:
        page = waiting.pop()
        if page in found or page.suffix != ".md":
            continue
        found.add(page)
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        waiting += [(page.parent / link).resolve() for link in links]
    assert {p for p in (ROOT / "docs").rglob("*.md") if p not in found} == set()
