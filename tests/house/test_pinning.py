"""A document class that names a profile's version and is not asked before that is removed is found."""

from __future__ import annotations

import pytest

from tests.house.pinning import SWEEP
from tests.house.scratch import found_by
from tests.house.tree import this

PLAIN = """\
from typing import ClassVar
from toban.kernel.document import Document

class Kettle(Document, kw_only=True):
    COLLECTION: ClassVar[str] = "kettles"
    service: str
    profile_version: str
"""
INHERITED = """\
from toban.kernel import document as papers

class Pinned(papers.Document, kw_only=True):
    service: str
    profile_version: str = ""

class Kettle(Pinned, kw_only=True):
    COLLECTION = "kettles"
"""


@pytest.mark.parametrize("source", [PLAIN, INHERITED])
@pytest.mark.parametrize("place", ["kettles.documents", "kettles.plans.inner", "valves.documents"])
def test_a_class_that_is_not_asked_is_found(place: str, source: str):
    path = f"shared/toban/{place.replace('.', '/')}.py"
    (said,) = found_by("pinning", {path: source})
    assert said.startswith(f"{SWEEP}: toban.{place}.Kettle has a profile_version")


@pytest.mark.parametrize("source", [PLAIN, INHERITED])
def test_one_that_is_asked_is_not(source: str):
    main = this().by_path[SWEEP].source
    asked = main.replace("pinning=(Incident, Backup)", "pinning=(Incident, Backup, Kettle)")
    assert asked != main
    files = {
        "shared/toban/kettles/documents.py": source,
        SWEEP: f"from toban.kettles.documents import Kettle\n{asked}",
    }
    assert found_by("pinning", files) == []


def test_a_class_that_names_no_version_or_is_left_out_is_found():
    main = this().by_path[SWEEP].source
    (said,) = found_by("pinning", {SWEEP: main.replace("(Incident, Backup)", "(Backup,)")})
    assert "toban.incidents.documents.Incident has a profile_version" in said
    listed = main.replace("(Incident, Backup)", "(Incident, Backup, Alert)")
    (said,) = found_by("pinning", {SWEEP: listed})
    assert "toban.incidents.documents.Alert in `pinning` has no profile_version" in said
