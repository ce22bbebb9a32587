"""Every document class says how long it lives, and everything that follows from it is there."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import textwrap

import hcl2
import pytest

from toban.kernel import lives
from toban.kernel.document import CLASSES, Document
from toban.kernel.handling.sweep import Sweep
from toban.topology import load
from toban.topology.documents import document_classes, without_life
from toban.topology.generate import ROOT

TERRAFORM = ROOT / "infra" / "terraform"
FINITE = {name: c.KEEP.time.days for name, c in document_classes().items() if c.KEEP.time}

SCRATCH = {
    "plain": """
        from typing import ClassVar
        from toban.kernel.document import Document

        class Kettle(Document, kw_only=True):
            COLLECTION: ClassVar[str] = "{collection}"
        """,
    "alias": """
        from toban.kernel import document as papers

        Paper = papers.Document

        class Kettle(Paper, kw_only=True):
            COLLECTION = "{collection}"
        """,
    "inherited": """
        from toban.kernel.handling.job import JobDocument

        class Job(JobDocument, kw_only=True):
            pass

        class Kettle(Job, kw_only=True):
            COLLECTION = "{collection}"
        """,
    "without a reason": """
        from toban.kernel.document import Document, Keep

        class Kettle(Document, kw_only=True):
            COLLECTION = "{collection}"
            KEEP = Keep.days(7, "")
        """,
    "never over": """
        from toban.kernel.document import Document, Keep

        class Kettle(Document, kw_only=True):
            COLLECTION = "{collection}"
            KEEP = Keep.days(7, "a week")
        """,
    "in one language": """
        from toban.kernel.document import Document, Keep

        class Kettle(Document, kw_only=True):
            COLLECTION = "{collection}"
            KEEP = Keep.days(7, "a week")

            def over_since(self):
                return None
        """,
}


def test_every_document_class_says_how_long_it_lives_and_when_it_is_over():
    assert without_life(document_classes().values()) == []


@pytest.mark.parametrize("kind", SCRATCH)
@pytest.mark.parametrize("place", ["kettles/documents.py", "kettles/work/inner/kept.py"])
def test_a_class_that_does_not_is_named_with_its_file(kind, place, tmp_path, monkeypatch, request):
    package = f"scratch_{abs(hash(request.node.nodeid))}"
    path = tmp_path / package / place
    path.parent.mkdir(parents=True)
    text = textwrap.dedent(SCRATCH[kind])
    path.write_text(text.format(collection=package), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    try:
        (found,) = without_life(document_classes(tmp_path / package).values())
        assert found.startswith(f"{path}: Kettle does not say ")
    finally:
        CLASSES.pop(package, None)


def test_lives_are_what_was_agreed():
    agreed = {"receipts": 40, "notifications": 90, "alerts": 90, "incidents": 400, "audits": 365}
    assert {name: FINITE[name] for name in agreed} == agreed


def test_what_repeats_the_words_of_documents_does_not_outlive_them():
    shortest = min(FINITE["notifications"], FINITE["alerts"])
    for life in (lives.LOGS, lives.TRACES, lives.DEAD_LETTERS):
        assert life.days <= shortest
    assert FINITE["parked"] <= shortest


def test_terraform_removes_what_has_expired():
    """`make check` compares documents.tf; this looks at what is made of it."""
    declared = hcl2.loads((TERRAFORM / "documents.tf").read_text(encoding="utf-8"))["locals"][0]
    assert {name: days for name, days in declared["kept_days"].items() if name[0] != "_"} == FINITE
    text = "".join(path.read_text(encoding="utf-8") for path in TERRAFORM.glob("*.tf"))
    resources = [
        (kind.strip('"'), body)
        for resource in hcl2.loads(text)["resource"]
        for kind, named in resource.items()
        for body in named.values()
    ]
    (field,) = (body for kind, body in resources if kind == "google_firestore_field")
    assert field["for_each"] == "${local.kept_days}"
    assert field["field"].strip('"') == "expires_at"
    assert "ttl_config" in field
    (index,) = (body for kind, body in resources if kind == "google_firestore_index")
    assert "local.indexes" in index["for_each"]
    (blobs,) = (body for kind, body in resources if kind == "google_storage_bucket")
    assert blobs["lifecycle_rule"][0]["condition"][0]["age"] == "${local.blob_days}"
    assert declared["blob_days"] <= FINITE["incidents"]
    (log,) = (body for kind, body in resources if kind == "google_logging_project_bucket_config")
    assert log["retention_days"] == "${local.log_days}"


@pytest.mark.parametrize("page", ["operations.md", "operations.ja.md"])
def test_people_are_told_how_long(page):
    path = ROOT / "docs" / page
    rows = [row for row in path.read_text(encoding="utf-8").splitlines() if row.startswith("|")]
    for name, days in FINITE.items():
        told = [row.split("|")[2] for row in rows if f"`{name}`" in row.split("|")[1]]
        assert len(told) == 1, f"{path}: a row for `{name}`"
        assert re.search(rf"\b{days} (days|日)", told[0]), f"{path}: {name}: {days} days"


WITHOUT_EXPIRY = {
    "alerts", "backup_jobs", "backups", "incidents", "notifications", "parked", "profile_versions",
    "restores",
}  # fmt: skip
"""Collections that the previous release wrote without one."""


def test_sweeping_looks_at_what_others_need_and_at_what_has_no_expiry():
    held = {n for n, c in document_classes().items() if c.holders is not Document.holders}
    assert held >= {"alerts", "notifications", "backup_jobs"}
    assert held <= set(FINITE)
    swept = set(load().functions["sweep_documents"].writes)
    assert swept - {"receipts"} == held | WITHOUT_EXPIRY | {Sweep.COLLECTION}


def test_the_embedded_runtime_knows_every_class(tmp_path):
    """What it does not know it would never remove."""
    code = (
        "import json, pathlib, sys\n"
        "from toban.local.world import open_world\n"
        "import toban.local.runtime\n"
        "from toban.kernel.handling.sweep import expiring\n"
        "with open_world(pathlib.Path(sys.argv[1]), environ={}):\n"
        "    print(json.dumps(sorted(cls.COLLECTION for cls in expiring())))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert set(json.loads(ran.stdout.splitlines()[-1])) == set(FINITE)
