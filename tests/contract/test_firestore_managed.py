"""Google's managed export as a source, on a stand-in for the Admin API and the real emulator."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from google.rpc import status_pb2

from tests.contract.firestore_admin import FirestoreAdmin
from tests.contract.firestore_data import Documents, many_kinds, read, run, text, world
from toban.adapters.local.files.buckets import MemoryBuckets
from toban.ports.backup import Damaged, ObjectRef, SourceFailed, TargetBusy, TargetFailed
from toban.sources.firestore import adapter as firestore
from toban.sources.firestore import managed as firestore_managed
from toban.sources.firestore import stream as firestore_stream

NOW = datetime(2026, 1, 31, 3, 5, 42, 123456, tzinfo=UTC)
AT = datetime(2026, 1, 31, 3, 5, tzinfo=UTC)
FOLDER = "export-20260131T0305Z"


class Setting:
    """One database, its backups' bucket and the Admin API."""

    def __init__(self, emulator: str, project: str) -> None:
        self.project = project
        self.buckets = MemoryBuckets()
        self.admin = FirestoreAdmin(emulator, self.buckets)
        self.admin.clock = NOW
        plain = world(emulator)
        self.world = type(plain)(
            plain.store,
            plain.secrets,
            self.buckets,
            plain.keys,
            plain.scratch,
            {**plain.environ, firestore_managed.ADMIN: self.admin.address},
        )
        self.run = run(self.world)
        self.documents = Documents(emulator, project)

    def source(self):
        return firestore.source({"project": self.project, "managed": True}, self.world)

    def target(self, **options: object):
        given = {"bucket": "staging-bucket", "patience_s": 2, "purpose": "test", **options}
        return firestore.target(
            {"project": self.project, "database": "staging", **given}, self.world
        )

    def snapshot(self):
        """Begin until it is ready, with a new process each time."""
        snapshot = None
        for _ in range(5):
            snapshot = self.source().begin(self.run, snapshot, NOW)
            if snapshot.ready:
                return snapshot
        raise AssertionError("never ready")

    def taken(self) -> bytes:
        pieces = read(self.source(), self.run, self.snapshot())
        return b"".join(piece.data for piece in pieces)

    def fetch(self, ref: ObjectRef) -> Iterator[bytes]:
        name = self.run.objects.prefix.removesuffix("objects/") + ref.name
        try:
            yield self.buckets("backups").read(name)
        except KeyError as error:
            raise Damaged(f"{ref.name} is not there") from error


@pytest.fixture
def setting(firestore_emulator, project, monkeypatch):
    monkeypatch.setattr(firestore_managed, "_SECONDS_BETWEEN", 0.01)
    setting = Setting(firestore_emulator, project)
    yield setting
    setting.admin.close()


def test_an_export_is_started_once_polled_and_listed(setting):
    setting.documents.write([("users/u1", text("one")), ("users/gone/posts/p", text("two"))])
    setting.admin.polls = 2
    first = setting.source().begin(setting.run, None, NOW)
    assert not first.ready
    assert first.at == AT
    second = setting.source().begin(setting.run, first, NOW + timedelta(minutes=7))
    assert not second.ready
    third = setting.source().begin(setting.run, second, NOW + timedelta(minutes=9))
    assert third.ready
    assert third.at == AT, "the restore point is what was asked for, not when it was ready"
    assert setting.source().begin(setting.run, third, NOW) == third
    (request,) = setting.admin.started
    assert request.output_uri_prefix == f"gs://backups/svc/db/daily/b1/objects/{FOLDER}"

    pieces = read(setting.source(), setting.run, third)
    assert sum(piece.items for piece in pieces) == 3
    data = b"".join(piece.data for piece in pieces)
    format_ = firestore.format_(setting.world)
    counts = format_.check(iter([data]), setting.fetch)
    assert (counts["objects"], counts["documents exported"]) == (3, 2)
    ref = list(format_.object_refs(iter([data])))
    assert {one.name for one in ref} == {
        f"objects/{FOLDER}/{FOLDER}.overall_export_metadata",
        f"objects/{FOLDER}/all_namespaces/all_kinds/all_namespaces_all_kinds.export_metadata",
        f"objects/{FOLDER}/all_namespaces/all_kinds/output-0",
    }
    assert all(one.copied and one.backup_id == "b1" for one in ref)


def test_a_process_that_died_after_starting_finds_its_export_again(setting):
    for other in range(5):  # operations of other backups fill the pages before ours
        before = run(setting.world, f"other{other}")
        setting.source().begin(before, None, NOW)
    assert not setting.source().begin(setting.run, None, NOW).ready
    later = NOW + timedelta(minutes=3)
    found = setting.source().begin(setting.run, None, later)
    assert (found.at, found.token["folder"]) == (AT, FOLDER)
    assert len(setting.admin.started) == 6


def test_an_answer_that_was_lost_does_not_start_a_second_export(setting):
    setting.admin.lose_answers = 1
    with pytest.raises(SourceFailed, match="answer was lost") as failure:
        setting.source().begin(setting.run, None, NOW)
    assert failure.value.retryable
    setting.snapshot()
    assert len(setting.admin.started) == 1


def test_a_finished_export_is_found_when_its_operation_is_forgotten(setting):
    snapshot = setting.snapshot()
    setting.admin.operations.clear()
    assert setting.source().begin(setting.run, None, NOW + timedelta(days=3)).at == snapshot.at
    waiting = type(snapshot)(snapshot.at, dict(snapshot.token), ready=False)
    assert setting.source().begin(setting.run, waiting, NOW).ready


def test_an_export_that_failed_says_so_and_the_next_attempt_starts_anew(setting):
    setting.admin.fail_with = status_pb2.Status(code=7, message="no access to the bucket")
    with pytest.raises(SourceFailed, match="no access to the bucket") as failure:
        setting.snapshot()
    assert not failure.value.retryable
    setting.admin.fail_with = None
    snapshot = setting.snapshot()
    assert len(setting.admin.started) == 2
    assert read(setting.source(), setting.run, snapshot)


def test_an_export_without_its_last_file_is_none(setting):
    snapshot = setting.snapshot()
    name = f"{setting.run.objects.prefix}{FOLDER}/{FOLDER}.overall_export_metadata"
    setting.buckets("backups").delete(name)
    with pytest.raises(SourceFailed, match="overall_export_metadata"):
        read(setting.source(), setting.run, snapshot)


def test_an_export_nobody_waits_for_is_cancelled(setting):
    waiting = setting.source().begin(setting.run, None, NOW)
    setting.source().end(setting.run, waiting)
    assert setting.admin.cancelled == [waiting.token["operation"]]
    setting.admin.operations.clear()
    setting.source().end(setting.run, waiting)  # gone: nothing to cancel
    setting.source().end(setting.run, type(waiting)(AT, waiting.token))
    assert len(setting.admin.cancelled) == 1


def test_the_emulator_alone_is_refused_rather_than_google_called(firestore_emulator, project):
    plain = world(firestore_emulator)
    source = firestore.source({"project": project, "managed": True}, plain)
    with pytest.raises(SourceFailed, match="emulator has no managed export"):
        source.begin(run(plain), None, NOW)


def test_damage_beside_the_inventory_is_told(setting):
    setting.documents.write([("users/u1", text("one"))])
    data = setting.taken()
    check = firestore.format_(setting.world).check
    assert check(iter([data]), setting.fetch)["objects"] == 3
    records = [firestore_stream.delimited(record) for record in firestore_stream.split([data])]
    with pytest.raises(Damaged, match="there are"):
        check(iter([*records[:2], *records[3:]]), setting.fetch)
    listed = list(firestore.format_(setting.world).object_refs(iter([data])))
    bucket = setting.buckets("backups")
    prefix = setting.run.objects.prefix.removesuffix("objects/")
    for ref in listed:
        good = bucket.read(prefix + ref.name)
        for bad in (good[:-1], bytes([good[0] ^ 1]) + good[1:]):
            bucket.upload(prefix + ref.name, [bad])
            with pytest.raises(Damaged, match="crc32c"):
                check(iter([data]), setting.fetch)
        bucket.delete(prefix + ref.name)
        with pytest.raises(Damaged, match="not there"):
            check(iter([data]), setting.fetch)
        bucket.upload(prefix + ref.name, [good])
    assert check(iter([data]), setting.fetch)["objects"] == 3


def test_an_inventory_without_the_overall_metadata_is_damaged(setting):
    setting.documents.write([("users/u1", text("one"))])
    records = list(firestore_stream.split([setting.taken()]))
    kept = [firestore_stream.delimited(r) for r in records[:-1] if b"overall" not in r]
    crc = firestore_stream.google_crc32c.value(b"".join(kept))
    end = firestore_stream.StreamProgress(len(kept) - 1, crc).end()
    with pytest.raises(Damaged, match="has no objects/"):
        firestore.format_(setting.world).check(iter([*kept, end]), setting.fetch)


def test_everything_comes_back_by_an_import(setting, firestore_emulator, project):
    setting.documents.write(many_kinds(setting.documents.root))
    before = setting.documents.contents()
    data = setting.taken()
    setting.documents.delete(setting.documents.all())
    target = setting.target()
    target.prepare(fresh=True)
    cut = data.index(b"output-0")  # within the second entry
    assert list(target.load(iter([data[:cut], data[cut:]]), setting.fetch)) == [1, 2]
    assert Documents(firestore_emulator, project, "staging").contents() == before
    assert target.counts()["documents"] == len(before)
    assert list(setting.buckets("staging-bucket").list()) == [], "the copy is removed"
    target.discard()
    assert Documents(firestore_emulator, project, "staging").all() == {}


def test_an_import_that_goes_on_is_found_again(setting):
    setting.documents.write([("users/u1", text("one"))])
    data = setting.taken()
    setting.admin.polls = 10**9
    target = setting.target(patience_s=0.05)
    target.prepare(fresh=True)
    for _ in range(2):
        with pytest.raises(TargetBusy, match="goes on") as failure:
            list(target.load(iter([data]), setting.fetch))
        assert failure.value.retryable
        target = setting.target(patience_s=0.05)
        target.prepare(fresh=False)
    setting.admin._left = dict.fromkeys(setting.admin._left, 1)
    assert list(target.load(iter([data]), setting.fetch)) == [3]
    imports = [
        r for r in setting.admin.started if "input_uri_prefix" in r.DESCRIPTOR.fields_by_name
    ]
    assert len(imports) == 1
    assert target.counts()["documents"] == 1


def test_an_earlier_import_of_the_same_backup_does_not_count_for_a_later_attempt(setting):
    setting.documents.write([("users/u1", text("one"))])
    data = setting.taken()
    for attempt in range(3):
        target = setting.target()
        target.prepare(fresh=True)
        assert target.counts()["documents"] == 0
        list(target.load(iter([data]), setting.fetch))
        assert target.counts()["documents"] == 1
        if attempt == 1:
            target.discard()


def test_what_an_export_brings_of_an_earlier_restore_does_not_disturb(
    setting, firestore_emulator, project
):
    for name in ("(default)", "staging"):
        setting.documents.write([(f"toban-restores/{name}", text("of a restore long ago"))])
    setting.documents.write([("users/u1", text("one"))])
    data = setting.taken()
    setting.admin.polls = 3
    for overwrite, into in (("", "other"), ("true", "(default)")):
        target = setting.target(patience_s=0.0, database=into, overwrite=overwrite, restore_id="r1")
        target.prepare(fresh=True)
        with pytest.raises(TargetBusy):
            list(target.load(iter([data]), setting.fetch))
        for _ in range(5):
            target.prepare(fresh=False)
            try:
                assert list(target.load(iter([data]), setting.fetch)) == [3]
                break
            except TargetBusy:
                continue
        # The one user (and into the source itself nothing else was there).
        assert next(iter(target.counts().values())) == 1


def test_an_import_that_brings_fewer_documents_than_were_exported_has_failed(setting):
    setting.documents.write([("users/u1", text("one")), ("users/u2", text("two"))])
    data = setting.taken()
    setting.admin.drop = 1
    target = setting.target()
    target.prepare(fresh=True)
    with pytest.raises(TargetFailed, match="1 documents were imported, 2 exported"):
        list(target.load(iter([data]), setting.fetch))


def test_a_failed_import_and_a_missing_bucket_are_told(setting):
    data = setting.taken()
    nowhere = setting.target(bucket="")
    nowhere.prepare(fresh=True)
    with pytest.raises(TargetFailed, match="name one"):
        list(nowhere.load(iter([data]), setting.fetch))
    setting.admin.fail_with = status_pb2.Status(code=14, message="try later")
    with pytest.raises(TargetFailed, match="try later") as failure:
        list(setting.target().load(iter([data]), setting.fetch))
    assert failure.value.retryable


def test_objects_are_verified_before_they_are_imported(setting):
    setting.documents.write([("users/u1", text("one"))])
    data = setting.taken()
    target = setting.target()
    target.prepare(fresh=True)

    def wrong(ref: ObjectRef) -> Iterator[bytes]:
        return itertools.chain(setting.fetch(ref), [b"more"])

    with pytest.raises(TargetFailed, match="did not arrive whole"):
        list(target.load(iter([data]), wrong))
    assert len(setting.admin.started) == 1  # the export
