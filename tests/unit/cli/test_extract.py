"""`toban backups extract`: the plain archive comes out, whatever else is lost."""

from __future__ import annotations

import io
import tarfile

from toban.adapters.local.files.buckets import FileBuckets


def test_the_archive_is_written_to_a_new_file_and_to_a_pipe(vault):
    id = vault.take("logs")
    there = vault.home / "logs.tar"
    said = vault.run("backups", "extract", id, str(there))
    assert said.code == 0, said.err
    assert "every byte checked" in said.err
    with tarfile.open(there) as found:
        (member,) = [m for m in found.getmembers() if m.name.endswith("app.log")]
        data = found.extractfile(member)
        assert data is not None
        assert data.read() == b"03:00 all is well\n"
    assert vault.run("backups", "extract", id, str(there)).code == 2, "it is not written over"
    piped = vault.run("backups", "extract", id, "-")
    assert piped.code == 0, piped.err
    assert "03:00 all is well" in piped.out


def test_where_one_copy_rots_the_next_goes_on_and_where_all_do_nothing_is_left(vault):
    id = vault.take("logs")

    def rot(bucket: str) -> None:
        found: FileBuckets = vault.buckets
        (part,) = (name for name in vault.objects(bucket) if "/parts/" in name)
        found(bucket).upload(part, [b"rot"])

    rot("shop-tokyo")
    there = vault.home / "logs.tar"
    said = vault.run("backups", "extract", id, str(there))
    assert said.code == 0, said.err
    assert "(shop-tokyo) could not be read" in said.err
    with tarfile.open(fileobj=io.BytesIO(there.read_bytes())) as found:
        assert found.getnames()
    rot("shop-osaka")
    gone = vault.home / "gone.tar"
    lost = vault.run("backups", "extract", id, str(gone))
    assert lost.code == 1
    assert "no copy could be read to its end" in lost.err
    assert not list(vault.home.glob("gone*"))
