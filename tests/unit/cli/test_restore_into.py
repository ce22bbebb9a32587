"""`toban restore` looks at the target before anything begins: nothing foreign is overwritten silently."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture
def taken(vault):
    vault.take()
    return vault


def begun(vault) -> bool:
    """Whether a restore was asked for at all."""
    from toban.adapters.local.sqlite.database import SqliteDatabase
    from toban.adapters.local.sqlite.store import SqliteStore
    from toban.ports import Query

    return bool(SqliteStore(SqliteDatabase(vault.data / "toban.db")).query(Query("restores")))


@pytest.mark.parametrize(
    "bucket", ["shop-tokyo", "shop-osaka", "gs://shop-tokyo", "gs://shop-osaka/", "Shop-Tokyo"]
)
@pytest.mark.parametrize("more", [(), ("prefix=restored/",), ("overwrite=true",)])
def test_a_bucket_that_keeps_backups_is_refused_however_it_is_written(taken, bucket, more):
    before = taken.objects("shop-tokyo"), taken.objects("shop-osaka")
    options = [word for option in (f"bucket={bucket}", *more) for word in ("--to", option)]
    for way in ("--dry-run", "--yes"):
        said = taken.run("restore", "shop", "media", *options, way)
        assert said.code == 2
        assert "keeps backups of shop" in said.err
        assert "Name another bucket" in said.err
    said = taken.run("restore", "shop", "media", *options, "--yes", lang="ja")
    assert "この復元先には復元しません" in said.err
    assert not begun(taken)
    assert (taken.objects("shop-tokyo"), taken.objects("shop-osaka")) == before


def test_a_bucket_that_holds_other_objects_needs_a_word_more(taken):
    taken.buckets("shop-new").create("photos/other.jpg", b"1")
    there = ("restore", "shop", "media", "--to", "bucket=shop-new")
    for more in ((), ("--to", "prefix=photos/")):
        for way in ("--dry-run", "--yes"):
            said = taken.run(*there, *more, way)
            assert said.code == 2
            assert "holds other objects" in said.err
            assert "'photos/other.jpg'" in said.err
            assert "overwrite=true" in said.err
    assert not begun(taken)
    assert taken.objects("shop-new") == {"photos/other.jpg": b"1"}
    said = taken.run(*there, "--to", "prefix=restored/", "--yes")
    assert said.code == 0, said.err
    said = taken.run(*there, "--to", "overwrite=true", "--yes")
    assert said.code == 0, said.err
    assert taken.objects("shop-new")["photos/other.jpg"] == b"1"


def test_a_directory_that_holds_other_files_is_refused(vault):
    vault.take("logs")
    there = vault.home / "mine"
    there.mkdir()
    (there / "thesis.txt").write_text("mine")
    for way in ("--dry-run", "--yes"):
        said = vault.run("restore", "shop", "logs", "--to", f"directory={there}", way)
        assert said.code == 2
        assert "is not empty ('thesis.txt')" in said.err
    assert not begun(vault)
    again = vault.home / "back"
    assert vault.run("restore", "shop", "logs", "--to", f"directory={again}", "--yes").code == 0
    (again / "order").write_text("1")
    said = vault.run("restore", "shop", "logs", "--to", f"directory={again}", "--yes")
    assert said.code == 2, "what was recovered there is in service"
    assert (again / "order").read_text() == "1"


def test_a_directory_without_room_is_refused_before_anything_begins(vault, monkeypatch):
    vault.take("logs")
    there = vault.home / "out"
    full = shutil.disk_usage(vault.home)._replace(free=1)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: full)
        for way in ("--dry-run", "--yes"):
            said = vault.run("restore", "shop", "logs", "--to", f"directory={there}", way)
            assert (said.code, begun(vault)) == (2, False)
            assert "1 B" in said.err
    assert vault.run("restore", "shop", "logs", "--to", f"directory={there}", "--yes").code == 0
