"""Firestore restored from a scan, on the real emulator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from google.cloud.firestore_v1 import types

from tests.contract.firestore_data import (
    NOW,
    Documents,
    every_type,
    make_source,
    make_target,
    many_kinds,
    no_fetch,
    parts_of,
    rename,
    run,
    taken,
    text,
    world,
)
from toban.backups.storage.frames import Seal
from toban.backups.storage.parts import Part, cut, open_part
from toban.ports.backup import ContentQuestion, Damaged, NothingSelected, TargetFailed
from toban.sources.firestore import adapter as firestore
from toban.sources.firestore import restore as firestore_restore
from toban.sources.firestore import stream as firestore_stream


@pytest.fixture
def filled(firestore_emulator, project):
    """A database that holds something of everything."""
    documents = Documents(firestore_emulator, project)
    documents.write(many_kinds(documents.root))
    return documents


def test_everything_comes_back_in_another_database(firestore_emulator, project, filled):
    before = filled.contents()
    assert "nowhere/gone/sub/gone/sub/here" in before
    pieces = taken(make_source(firestore_emulator, project))
    counts = firestore.format_(world(firestore_emulator)).check(
        iter([piece.data for piece in pieces]), no_fetch
    )
    filled.delete(filled.all())
    assert filled.all() == {}

    target = make_target(firestore_emulator, project)
    target.prepare(fresh=True)
    loaded = list(target.load(iter(parts_of(pieces)), no_fetch))

    staging = Documents(firestore_emulator, project, "staging")
    assert staging.contents() == before
    assert sum(loaded) == sum(piece.items for piece in pieces) == len(before)
    found = target.counts()
    assert found["documents"] == len(before)
    assert {**counts, **found} == counts
    assert found["documents in users"] == 4
    assert filled.all() == {}, "nothing was written to the source"


def test_references_point_into_the_restored_database_and_others_stay(
    firestore_emulator, project, filled
):
    target = make_target(firestore_emulator, project)
    target.prepare(fresh=True)
    list(target.load(iter(parts_of(taken(make_source(firestore_emulator, project)))), no_fetch))
    staging = Documents(firestore_emulator, project, "staging")
    restored = staging.all()["types/all"]
    assert filled.name.encode() + b"/" not in restored.SerializeToString()
    assert restored.fields["reference"].reference_value == f"{staging.root}/users/u1"
    assert restored.fields["reference abroad"].reference_value.startswith("projects/elsewhere/")


def test_a_database_whose_name_begins_like_the_sources_is_another_one():
    value = types.Value(reference_value="projects/p/databases/db2/documents/a/b")._pb
    firestore_restore.redirect(value, "projects/p/databases/db/", "projects/p/databases/new/")
    assert value.reference_value == "projects/p/databases/db2/documents/a/b"


def test_an_empty_database_is_a_backup_too(firestore_emulator, project):
    pieces = taken(make_source(firestore_emulator, project))
    counts = firestore.format_(world("")).check(iter([p.data for p in pieces]), no_fetch)
    assert counts == {"documents": 0, "bytes": 0}
    target = make_target(firestore_emulator, project)
    target.prepare(fresh=True)
    assert list(target.load(iter(parts_of(pieces)), no_fetch)) == [0]
    assert target.counts() == {"documents": 0}


def test_loading_goes_on_at_every_part(firestore_emulator, project, filled, monkeypatch):
    monkeypatch.setattr(firestore, "FULL", 1)
    parts = parts_of(taken(make_source(firestore_emulator, project)))
    expected = filled.contents()
    target = make_target(firestore_emulator, project)
    target.prepare(fresh=True)
    done = 0
    while done < len(parts):
        target = make_target(firestore_emulator, project)  # another process
        target.prepare(fresh=False)
        loading = target.load(iter(parts[done:]), no_fetch)
        next(loading)
        done += 1
        if done < len(parts):
            next(loading)  # durable, but nobody wrote down that it is
        loading.close()
    assert Documents(firestore_emulator, project, "staging").contents() == expected
    target.discard()


@pytest.mark.parametrize(
    ("only", "there"),
    [
        ("users", {"users/u1", "users/u1/posts/p 1", "users/u1/posts/p 1/comments/c1", "users/gone/posts/p1"}),
        ("users/u1", {"users/u1"}),
        ("users/u1,users/u1/*", {"users/u1", "users/u1/posts/p 1", "users/u1/posts/p 1/comments/c1"}),
        ("users/u1/posts,c/x", {"users/u1/posts/p 1", "users/u1/posts/p 1/comments/c1", "c/x"}),
    ],
)  # fmt: skip
def test_a_collection_or_a_document_comes_back_alone(
    firestore_emulator, project, filled, monkeypatch, only, there
):
    monkeypatch.setattr(firestore, "FULL", 1)
    pieces = taken(make_source(firestore_emulator, project))
    parts = parts_of(pieces)
    # Another process for each part: what is asked for lies in different ones.
    make_target(firestore_emulator, project).prepare(fresh=True)
    for done in range(len(parts)):
        target = make_target(firestore_emulator, project, only=only)
        target.prepare(fresh=False)
        loading = target.load(iter(parts[done:]), no_fetch)
        next(loading)
        if done < len(parts) - 1:
            next(loading)  # durable, but nobody wrote down that it is
            loading.close()
        else:
            assert list(loading) == []
    staging = Documents(firestore_emulator, project, "staging")
    assert set(staging.contents()) == there
    target.discard()
    form = firestore.format_(world(""))
    told = form.select(iter([p.data for p in pieces]), only.split(","))
    assert sum(told.comes.values()) == len(there)
    assert sum(told.left_out.values()) == len(filled.contents()) - len(there)


def test_what_the_backup_does_not_hold_is_named_at_the_end(firestore_emulator, project, filled):
    pieces = taken(make_source(firestore_emulator, project))
    target = make_target(firestore_emulator, project, only="users/u1,user")
    target.prepare(fresh=True)
    with pytest.raises(TargetFailed, match="the backup holds no 'user'"):
        list(target.load(iter(parts_of(pieces)), no_fetch))
    with pytest.raises(NothingSelected, match="holds no 'user'"):
        firestore.format_(world("")).select(iter([p.data for p in pieces]), ["users/u1", "user"])
    target.discard()


def test_a_stream_without_its_end_is_not_accepted(firestore_emulator, project, filled):
    data = b"".join(piece.data for piece in taken(make_source(firestore_emulator, project)))
    records = [firestore_stream.delimited(r) for r in firestore_stream.split([data])]
    target = make_target(firestore_emulator, project)
    target.prepare(fresh=True)
    with pytest.raises(Damaged, match="end record"):
        list(target.load(iter([b"".join(records[:-1])]), no_fetch))


def test_a_target_that_holds_documents_is_refused_unless_told(firestore_emulator, project, filled):
    parts = parts_of(taken(make_source(firestore_emulator, project)))
    staging = Documents(firestore_emulator, project, "staging")
    staging.write([("mine/1", text("somebody's")), ("users/u1", text("older"))])
    with pytest.raises(TargetFailed, match="holds documents") as failure:
        make_target(firestore_emulator, project).prepare(fresh=True)
    assert not failure.value.retryable
    with pytest.raises(TargetFailed, match="not prepared"):
        list(make_target(firestore_emulator, project).load(iter(parts), no_fetch))

    target = make_target(firestore_emulator, project, overwrite=True)
    target.prepare(fresh=True)
    list(target.load(iter(parts), no_fetch))
    mine = staging.contents()
    assert mine.pop("mine/1")
    assert mine == filled.contents()
    assert target.counts() == {"documents with those that stayed": len(mine) + 1}
    for later in (target, make_target(firestore_emulator, project)):
        with pytest.raises(TargetFailed, match="held documents before"):
            later.discard()
    assert "mine/1" in staging.all()


def test_an_earlier_attempt_of_ours_is_removed(firestore_emulator, project, filled):
    parts = parts_of(taken(make_source(firestore_emulator, project)))
    target = make_target(firestore_emulator, project)
    target.prepare(fresh=True)
    list(target.load(iter(parts), no_fetch))
    target.prepare(fresh=True)
    assert target.counts() == {"documents": 0}
    list(target.load(iter(parts), no_fetch))
    target.discard()
    assert Documents(firestore_emulator, project, "staging").all() == {}
    target.discard()  # done again


def test_a_restored_database_that_went_into_service_is_never_emptied(
    firestore_emulator, project, filled
):
    parts = parts_of(taken(make_source(firestore_emulator, project)))
    target = make_target(firestore_emulator, project)
    target.prepare(fresh=True)
    list(target.load(iter(parts), no_fetch))
    staging = Documents(firestore_emulator, project, "staging")
    staging.write([("orders/1", text("the first order after the disaster"))])
    target.prepare(fresh=False)
    for attempt in (target.discard, lambda: target.prepare(fresh=True)):
        with pytest.raises(TargetFailed, match="orders/1"):
            attempt()
    assert len(staging.contents()) == len(filled.contents()) + 1


def test_a_restore_that_begins_takes_an_unfinished_target_over_and_the_earlier_one_stops(
    firestore_emulator, project, filled, monkeypatch
):
    monkeypatch.setattr(firestore, "FULL", 1)
    parts = parts_of(taken(make_source(firestore_emulator, project)))
    first, second = (make_target(firestore_emulator, project, restore_id=id) for id in ("r1", "r2"))
    first.prepare(fresh=True)
    loading = first.load(iter(parts), no_fetch)
    next(loading)
    second.prepare(fresh=True)
    for goes_on in (lambda: next(loading), lambda: first.prepare(fresh=False), first.discard):
        with pytest.raises(TargetFailed, match="r2 has taken"):
            goes_on()
    list(second.load(iter(parts), no_fetch))
    assert Documents(firestore_emulator, project, "staging").contents() == filled.contents()


@pytest.mark.parametrize(("purpose", "refused"), [("recovery", True), ("test", False)])
def test_a_finished_restore_is_kept_unless_it_was_a_test(
    purpose, refused, firestore_emulator, project, filled
):
    parts = parts_of(taken(make_source(firestore_emulator, project)))
    target = make_target(firestore_emulator, project, restore_id="r1", purpose=purpose)
    target.prepare(fresh=True)
    list(target.load(iter(parts), no_fetch))
    later = make_target(firestore_emulator, project, restore_id="test-2")
    if refused:
        with pytest.raises(TargetFailed, match="what r1 put there, which was no test"):
            later.prepare(fresh=True)
        assert Documents(firestore_emulator, project, "staging").contents() == filled.contents()
    else:
        later.prepare(fresh=True)
        assert later.counts() == {"documents": 0}


def test_a_recovery_leaves_no_marker_and_no_later_test_empties_it(
    firestore_emulator, project, filled
):
    parts = parts_of(taken(make_source(firestore_emulator, project)))
    options = {"restore_id": "restore-1", "purpose": "recovery"}
    target = make_target(firestore_emulator, project, **options)
    target.prepare(fresh=True)
    list(target.load(iter(parts), no_fetch))
    with pytest.raises(TargetFailed, match="loaded there for good"):
        target.discard()
    target.release()
    target.release()  # done again

    staging = Documents(firestore_emulator, project, "staging")
    assert "toban-restores/staging" not in staging.all()
    staging.write([("orders/1", text("the first order after the disaster"))])
    test = make_target(firestore_emulator, project, restore_id="test-2")
    assert "holds documents" in test.refusal()
    for attempt in (lambda: test.prepare(fresh=True), test.discard):
        with pytest.raises(TargetFailed):
            attempt()
    assert len(staging.all()) == len(filled.all()) + 1


@pytest.mark.parametrize("state", ["loading", "loaded"])
def test_a_marker_that_does_not_say_why_it_is_there_is_good_for_its_own_restore_only(
    state, firestore_emulator, project
):
    """As toban wrote them before it told tests from recoveries, finished or not."""
    staging = Documents(firestore_emulator, project, "staging")
    database = make_target(firestore_emulator, project)._database
    note = {"restore": "test-1", "overwrite": False, "managed": False}
    database.create(database.marker, {**note, "state": "loading"})
    staging.write([("users/u1", text("restored"))])
    database.put(database.marker, {**note, "state": state})
    test = make_target(firestore_emulator, project, restore_id="test-2")
    with pytest.raises(TargetFailed, match="test-1 put there, which was no test"):
        test.prepare(fresh=True)
    assert "users/u1" in staging.all()
    make_target(firestore_emulator, project, restore_id="test-1").prepare(fresh=True)
    assert "users/u1" not in staging.all()


def test_what_was_written_long_after_a_test_died_is_not_removed(
    firestore_emulator, project, monkeypatch
):
    died = make_target(firestore_emulator, project, restore_id="test-1")
    died.prepare(fresh=True)
    staging = Documents(firestore_emulator, project, "staging")
    staging.write([("users/u1", text("of the test, or of an application?"))])
    later = make_target(firestore_emulator, project, restore_id="test-2")
    monkeypatch.setattr(firestore_restore, "SILENCE", timedelta(seconds=-1))
    with pytest.raises(TargetFailed, match="users/u1"):
        later.prepare(fresh=True)
    monkeypatch.undo()
    later.prepare(fresh=True)
    assert later.counts() == {"documents": 0}


def test_a_marker_within_a_backup_does_not_touch_the_targets_own(
    firestore_emulator, project, filled
):
    message = firestore_stream.Document(
        name=f"{filled.root}/toban-restores/staging", fields={"restore": {"string_value": "old"}}
    )
    target = make_target(firestore_emulator, project, restore_id="r1")
    target.prepare(fresh=True)
    part = firestore_stream.document(message) + firestore_stream.StreamProgress().end()
    assert list(target.load(iter([part]), no_fetch)) == [0]
    target.discard()


def test_writing_to_the_cloud_keeps_to_the_ramp(firestore_emulator, project, monkeypatch):
    Documents(firestore_emulator, project).write((f"a/{n:05d}", text("")) for n in range(1_000))
    slept: list[float] = []
    clock = [1000.0]

    class Time:
        time = staticmethod(lambda: 0.0)
        monotonic = staticmethod(lambda: clock[0])

        @staticmethod
        def sleep(seconds: float) -> None:
            slept.append(seconds)
            clock[0] += seconds

    monkeypatch.setattr(firestore_restore, "time", Time)
    parts = parts_of(taken(make_source(firestore_emulator, project)))
    for ramp, seconds in (("true", 2.0), ("", 0.0)):
        slept.clear()
        target = make_target(firestore_emulator, project, ramp=ramp)
        target.prepare(fresh=True)
        assert sum(target.load(iter(parts), no_fetch)) == 1_000
        assert sum(slept) == pytest.approx(seconds)
        assert max(slept, default=0.0) <= 1.01


def test_parts_as_they_are_stored_load_and_resume(firestore_emulator, project, filled):
    source = make_source(firestore_emulator, project)
    this = run(world(""))
    snapshot = source.begin(this, None, NOW)
    seal = Seal("b1", "stream/a1", bytes(32))

    def from_(cursor: str, first: int) -> list[Part]:
        pieces = source.read(this, snapshot, cursor)
        return list(cut(pieces, seal, first=first, resumable=True, part_bytes=1_200_000))

    stored = from_("", 1)
    assert len(stored) > 1
    for part in stored[:-1]:
        rest = from_(part.cursor, part.number + 1)
        assert [p.plain_sha256 for p in rest] == [p.plain_sha256 for p in stored[part.number :]]
    plain = [
        b"".join(open_part(part.data, seal, part.number, name="x").pieces()) for part in stored
    ]
    target = make_target(firestore_emulator, project)
    target.prepare(fresh=True)
    assert list(target.load(iter(plain), no_fetch)) == [part.items for part in stored]


def test_without_a_marker_nothing_is_discarded(firestore_emulator, project, filled):
    target = firestore.target({"project": project}, world(firestore_emulator))
    assert target.identity == make_source(firestore_emulator, project).identity
    with pytest.raises(TargetFailed, match="no restore of ours"):
        target.discard()
    assert filled.all()


def test_the_marker_is_no_part_of_the_next_backup(firestore_emulator, project, filled):
    target = make_target(firestore_emulator, project)
    target.prepare(fresh=True)
    list(target.load(iter(parts_of(taken(make_source(firestore_emulator, project)))), no_fetch))
    restored = firestore.source(
        {"project": project, "database": "staging"}, world(firestore_emulator)
    )
    records = list(firestore_stream.split(piece.data for piece in taken(restored)))
    names = [firestore_stream.read_document(record).name for record in records[1:-1]]
    assert len(names) == len(filled.all())
    assert not [name for name in names if "toban-restores" in name]


def test_questions(firestore_emulator, project, filled):
    filled.write([("users/u9", every_type(filled.root)), ("users/u 8", text("blank in the id"))])
    target = firestore.target({"project": project}, world(firestore_emulator))
    asked = {
        "count users": "3",
        "count users/u1/posts": "1",
        "count nowhere": "0",
        "get users/u1 text": "with a child",
        "get users/u 8 text": "blank in the id",
        "get users/u9 most": str(2**63 - 1),
        "get users/u9 true": "true",
        "get users/u9 null": "null",
        "get users/u9 reference": "users/u1",
        "get users/u9 time": "2023-11-14T22:13:20.123456Z",
        "get users/u9 point": "-89.999999,180.0",
        "get users/u9 map.in.array": '["users/u2", 1, 1.0, {"a.b `c` \\\\": "odd name",'
        ' "again": ["users/u3"]}]',
        "get users/u9 map.nothing": "(missing)",
        "get users/nobody text": "(missing)",
    }
    answers = target.ask([ContentQuestion(query, "") for query in asked])
    assert dict(zip(asked, answers, strict=True)) == asked


@pytest.mark.parametrize(
    "query",
    ["", "drop users", "count", "count users/u1", "get users text", "get users/u1", "get a//b c"],
)
def test_what_is_no_question_is_refused(query, project):
    target = firestore.target({"project": project}, world("127.0.0.1:1"))
    with pytest.raises(TargetFailed, match="not a question"):
        target.ask([ContentQuestion(query, "")])


def test_an_option_that_is_neither_on_nor_off_is_refused(project):
    for word in ("maybe", "0.5"):
        with pytest.raises(ValueError, match="true or false"):
            firestore.target({"project": project, "overwrite": word}, world(""))
    with pytest.raises(ValueError, match="true or false"):
        firestore.source({"project": project, "managed": "perhaps"}, world(""))


def test_a_project_is_needed():
    for make in (firestore.source, firestore.target):
        with pytest.raises(ValueError, match="project"):
            make({"database": "x"}, world(""))


def test_rename_of_the_test_data_itself_reaches_every_reference(project):
    message = types.Document.pb()()
    every_type("projects/a/databases/b/documents")(message.fields)
    for value in message.fields.values():
        rename(value, "projects/a/databases/b", "projects/X/databases/Y")
    assert b"projects/a/" not in message.SerializeToString()
