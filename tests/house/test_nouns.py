"""The nouns of the code: one meaning each, and all of them listed in docs/words.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.scratch import found_by
from toban.topology import words
from toban.topology.generate import ROOT, differing

INCIDENT = 'class Incident:\n    """One incident."""\n'
TEXTS = 'TEXTS = {"what.incident": {"en": "incident", "ja": "インシデント"}}\n'


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(words, "PEOPLE_SAY", {})
    grow(tmp_path, "incidents/documents.py", INCIDENT)
    grow(tmp_path, "cli/kit/texts.py", TEXTS)
    grow(tmp_path, "../../docs/words.md", words.page(tmp_path))
    return tmp_path


def grow(root: Path, path: str, text: str) -> None:
    file = root / "shared" / "toban" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def drift(root: Path) -> list[str]:
    return differing({root / "docs" / "words.md": words.page(root)}, root)


def test_every_public_class_is_listed_once_with_its_meaning():
    page = (ROOT / "docs" / "words.md").read_text()
    listed = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(listed) == sorted(noun.name for noun in words.nouns(ROOT))
    assert len(listed) == len(set(listed))
    assert all(noun.meaning for noun in words.nouns(ROOT))


def test_what_people_see_has_its_japanese_word(tree: Path, monkeypatch):
    monkeypatch.setattr(words, "PEOPLE_SAY", {"Incident": "what.incident"})
    assert "| `Incident` | One incident. | インシデント |" in words.page(tree)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("incidents/more.py", 'class Fire:\n    """New."""\n', id="missing"),
        pytest.param("incidents/documents.py", '"""Nothing any more."""\n', id="gone"),
        pytest.param(
            "incidents/documents.py", INCIDENT.replace("One incident", "Another"), id="changed"
        ),
    ],
)
def test_a_page_that_does_not_say_what_the_classes_say_is_named(tree: Path, path, text):
    assert drift(tree) == []
    grow(tree, path, text)
    assert drift(tree) == ["docs/words.md: differs"]


@pytest.mark.parametrize("say", [{"Fire": "what.incident"}, {"Incident": "what.fire"}])
def test_a_word_for_people_without_class_or_text_names_the_file(tree: Path, monkeypatch, say):
    monkeypatch.setattr(words, "PEOPLE_SAY", say)
    with pytest.raises(ValueError, match=r"^shared/toban/topology/words\.py: PEOPLE_SAY: "):
        words.page(tree)


@pytest.mark.parametrize("name", ["Incident", "Backup"])
def test_a_second_class_of_a_name_is_found(name: str):
    source = f'class {name}:\n    """Another."""\n'
    found = found_by("nouns", {"shared/toban/kettles/plans/rules.py": source})
    assert any(f.startswith("shared/toban/kettles/plans/rules.py:1: ") for f in found)
    assert all(name in f for f in found)


def test_a_re_export_is_the_same_class():
    source = "from toban.incidents.documents import Incident as Incident\n"
    assert found_by("nouns", {"shared/toban/kettles/rules.py": source}) == []
