"""A project whose Firestore was lost: the catalogue from one region's bucket, on the emulators."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import empty, vault
from toban.adapters.google.firestore import store as firestore
from toban.adapters.google.storage import buckets
from toban.adapters.google.storage import client as storage_client
from toban.cli.profiles import cloud
from toban.profile import store as profiles
from toban.sections.load import load_directory

__all__ = ["empty", "vault"]  # fixtures

pytestmark = pytest.mark.emulator


@pytest.fixture
def lost(vault, project, firestore_emulator, pubsub_emulator, gcs_emulator, monkeypatch):
    """Backups that lie in a bucket of Osaka, and a project that holds only the profile."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_emulator)
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub_emulator)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://{gcs_emulator}")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", project)
    forget_clients()
    vault.osaka = f"{project}-osaka"
    vault.project = project
    vault.ids = sorted([vault.take(), vault.take("logs")])
    storage_client.connect().create_bucket(vault.osaka)
    there = buckets.GcsBuckets()(vault.osaka)
    for name, content in vault.objects("shop-osaka").items():
        assert there.create(name, content) is not None
    profiles.apply(
        cloud.documents(project),
        load_directory(vault.desk.services).values(),
        vault.document(vault.ids[0]).started_at,
    )
    yield vault
    forget_clients()


def forget_clients() -> None:
    """Those of other emulators' addresses."""
    storage_client.connect.cache_clear()
    firestore.connect.cache_clear()


def test_the_catalogue_of_a_project_is_rebuilt_listed_and_restored_from(lost):
    there = ("--project", lost.project)
    assert lost.run("backups", "list", "--json", *there).json() == []
    said = lost.run("backups", "rebuild-catalog", "--bucket", lost.osaka, "--no-verify", *there)
    assert said.code == 0, said.err
    rows = lost.run("backups", "list", "--json", *there).json()
    assert sorted(row["id"] for row in rows) == lost.ids
    assert {row["status"] for row in rows} == {"finished"}

    again = lost.run("backups", "rebuild-catalog", "--bucket", lost.osaka, "--dry-run", *there)
    assert "0 of 2 backups would be entered" in again.out
    assert lost.run("backups", "pin", lost.ids[0], "--note", "audit", *there).code == 0
    shown = lost.run("backups", "show", lost.ids[0], "--json", *there).json()
    assert (shown["pinned"], shown["copies"][0]["bucket"]) == (True, lost.osaka)
    assert lost.run("backups", "rpo", *there).code == 3, "nothing is verified yet"

    plan = lost.run(
        *("restore", "shop", "media", "--backup", "shop.media", "--to", "bucket=new"),
        *("--dry-run", "--json", *there),
    )
    assert plan.code == 0, plan.err
    assert (plan.json()["bucket"], plan.json()["target"]) == (lost.osaka, "bucket new")
