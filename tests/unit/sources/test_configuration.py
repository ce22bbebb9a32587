"""Configuration: what is kept, what never is, and what is written back to be looked at."""

from __future__ import annotations

import base64
import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.safes import Safe
from toban.adapters.google import project
from toban.adapters.local.files.blobs import EnvSecrets
from toban.adapters.local.files.buckets import MemoryBucket, MemoryBuckets
from toban.adapters.local.memory.store import MemoryStore
from toban.ports import Create, Key, Unavailable
from toban.ports.backup import ContentQuestion, Damaged, NothingSelected, SourceFailed, TargetFailed
from toban.sources.configuration import adapter as configuration
from toban.sources.ports import SourcePorts

FORM = configuration.ConfigurationFormat()
PROFILE = {
    "version": "abc",
    "applied_at": datetime(2026, 11, 1, tzinfo=UTC),
    "profile": {"service": {"id": "tokyo-ai-chat", "name": "東京"}, "severities": []},
}
SECRET = 'the "value" of a secret\nof two lines'


@pytest.fixture
def world(tmp_path):
    store = MemoryStore()
    store.commit([Create(Key("profiles", "tokyo-ai-chat"), PROFILE)])
    environ = {"TOBAN_SECRET_TOKEN": SECRET, "TOBAN_SECRET_SHORT": "a"}
    secrets = EnvSecrets(environ)
    return SourcePorts(
        store, secrets, MemoryBuckets(), lambda _: None, tmp_path / "scratch", environ
    )


@pytest.fixture
def safe():
    return Safe(MemoryBucket("backups"))


def whole(safe, id):
    return b"".join(safe.stream(id))


def fingerprint(source, safe):
    return source.begin(safe.run("x"), None, datetime(2026, 11, 2, tzinfo=UTC)).fingerprint


# --- the store and files -----------------------------------------------------------------------


def test_profiles_and_files_come_back_as_files(world, safe, tmp_path):
    files = tmp_path / "etc"
    (files / "sub").mkdir(parents=True)
    (files / "app.conf").write_text("名前 = 当番\n", "utf-8")
    (files / "sub" / "logo.png").write_bytes(b"\x89PNG\xff")
    (files / "link").symlink_to("/etc/passwd")
    source = configuration.source({"paths": [str(files)]}, world)

    safe.take(source, "b1")
    target = configuration.target({"restore_id": "r-1", "purpose": "test"}, world)
    assert safe.restore("b1", target) == 3

    out = tmp_path / "scratch" / "restored" / "r-1"
    where = str(files).lstrip("/")
    assert (out / "files" / where / "app.conf").read_text("utf-8") == "名前 = 当番\n"
    assert (out / "files" / where / "sub" / "logo.png").read_bytes() == b"\x89PNG\xff"
    profile = json.loads((out / "profiles" / "tokyo-ai-chat.json").read_text("utf-8"))
    assert profile["profile"]["service"]["name"] == "東京"
    assert safe.check(FORM, "b1") == target.counts() == {"files": 2, "profiles": 1}
    assert (
        target.ask([ContentQuestion("profiles/tokyo-ai-chat.json", ""), ContentQuestion("x", "")])[
            1
        ]
        == "missing"
    )
    target.discard()
    assert not out.exists()


def test_a_section_or_one_file_comes_back_alone(world, safe, tmp_path):
    files = tmp_path / "etc"
    files.mkdir()
    for name in ("app.conf", "db.conf"):
        (files / name).write_text(name, "utf-8")
    safe.take(configuration.source({"paths": [str(files)]}, world), "b1")
    where = str(files).lstrip("/")
    for number, (only, there) in enumerate((
        (f"files/{where}/app.conf", {f"files/{where}/app.conf"}),
        ("profiles/", {"profiles/tokyo-ai-chat.json"}),
        (f"profiles/tokyo-ai-chat,files/{where}/db*", {"profiles/tokyo-ai-chat.json", f"files/{where}/db.conf"}),
    )):  # fmt: skip
        out = tmp_path / f"out-{number}"
        target = configuration.target({"directory": str(out), "only": only}, world)
        safe.restore("b1", target)
        target.release()
        assert {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()} == there
        found = FORM.select(iter([whole(safe, "b1")]), only.split(","))
        assert sum(found.comes.values()) == len(there)
        assert sum(found.left_out.values()) == 3 - len(there)


def test_a_section_that_the_backup_does_not_hold_is_named(world, safe, tmp_path):
    safe.take(configuration.source({}, world), "b1")
    options = {"directory": str(tmp_path / "out"), "only": "profiles/*,profile/x"}
    with pytest.raises(TargetFailed, match="the backup holds no 'profile/x'"):
        safe.restore("b1", configuration.target(options, world))
    with pytest.raises(NothingSelected, match="the backup holds no 'profile/x'"):
        FORM.select(iter([whole(safe, "b1")]), ["profiles/*", "profile/x"])


def test_equal_configuration_has_an_equal_fingerprint(world, safe, tmp_path):
    (tmp_path / "a.conf").write_text("1")
    options = {"paths": [str(tmp_path / "a.conf")]}
    before = fingerprint(configuration.source(options, world), safe)

    (tmp_path / "a.conf").touch()
    assert fingerprint(configuration.source(options, world), safe) == before

    (tmp_path / "a.conf").write_text("2")
    assert fingerprint(configuration.source(options, world), safe) != before
    (tmp_path / "a.conf").write_text("1")
    world.store.commit([Create(Key("profiles", "other"), PROFILE)])
    assert fingerprint(configuration.source(options, world), safe) != before


def test_what_was_seen_at_the_beginning_is_what_is_kept(world, safe, tmp_path):
    path = tmp_path / "a.conf"
    path.write_text("one")
    source = configuration.source({"paths": [str(path)]}, world)
    run = safe.run("b1")
    snapshot = source.begin(run, None, PROFILE["applied_at"])
    path.write_text("two")

    assert b"one" in b"".join(piece.data for piece in source.read(run, snapshot, ""))
    elsewhere = configuration.source({"paths": [str(path)]}, world)
    with pytest.raises(SourceFailed, match="changed since"):
        list(elsewhere.read(run, snapshot, ""))
    path.write_text("one")
    assert list(elsewhere.read(run, snapshot, "")) == list(source.read(run, snapshot, ""))


def test_a_long_record_is_cut_into_pieces(world, safe, tmp_path):
    (tmp_path / "long").write_text("x" * 3_000_000)
    source = configuration.source({"paths": [str(tmp_path / "long")]}, world)
    run = safe.run("b1")

    pieces = list(source.read(run, source.begin(run, None, PROFILE["applied_at"]), ""))

    assert max(len(piece.data) for piece in pieces) <= 1024 * 1024
    assert sum(piece.items for piece in pieces) == 2


@pytest.mark.parametrize("encode", [str.encode, lambda text: b"\xff" + text.encode()])
def test_a_file_with_the_value_of_a_secret_is_refused(world, safe, tmp_path, encode):
    (tmp_path / "app.env").write_bytes(encode(f"TOKEN={SECRET}"))
    source = configuration.source({"paths": [str(tmp_path / "app.env")]}, world)

    with pytest.raises(SourceFailed, match=r"app\.env contains the value of a secret") as failed:
        safe.take(source, "b1")
    assert SECRET not in str(failed.value)


def test_a_path_that_is_not_there_is_no_success(world, safe):
    source = configuration.source({"paths": ["/none/such"]}, world)

    with pytest.raises(SourceFailed, match="/none/such"):
        safe.take(source, "b1")


def test_a_directory_that_holds_something_else_is_left_alone(world, safe, tmp_path):
    safe.take(configuration.source({}, world), "b1")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    target = configuration.target({"directory": str(tmp_path / "mine")}, world)

    with pytest.raises(TargetFailed, match="not empty"):
        safe.restore("b1", target)
    with pytest.raises(TargetFailed, match="did not write"):
        target.discard()
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("spoil", ["first", "record", "last", "cut", "noise", "twice"])
def test_a_stream_that_is_not_whole_is_found(world, safe, spoil):
    safe.take(configuration.source({}, world), "b1")
    lines = whole(safe, "b1").splitlines(keepends=True)
    spoilt = {
        "first": lines[1:],
        "record": [lines[0], *lines[2:]],
        "last": lines[:-1],
        "cut": [*lines[:-1], lines[-1][:-1]],
        "noise": [lines[0], b"{}\n", *lines[1:]],
        "twice": [*lines, lines[-1]],
    }[spoil]

    with pytest.raises(Damaged, match="configuration"):
        FORM.check(iter(spoilt), safe.fetch)


def test_a_name_that_leads_out_of_the_directory_is_refused(world, safe, tmp_path):
    record = configuration.ConfigurationRecord("files", "../../escaped", {"text": "x"})
    lines = [configuration.ConfigurationHeader(1), record, configuration.ConfigurationEnd(1)]
    safe.parts["b1"] = [b"".join(configuration._line(line) for line in lines)]

    with pytest.raises(TargetFailed, match="lead out"):
        safe.restore("b1", configuration.target({"restore_id": "r-1", "purpose": "test"}, world))
    assert not list(tmp_path.rglob("escaped"))


# --- a project ---------------------------------------------------------------------------------

JOBS = "/v1/projects/p/locations/asia-northeast1/jobs"
JOB = {
    "name": "projects/p/locations/asia-northeast1/jobs/backup-due",
    "schedule": "0 3 * * *",
    "timeZone": "Asia/Tokyo",
    "state": "ENABLED",
    "httpTarget": {
        "uri": "https://example.com/",
        "headers": {"Authorization": "Bearer hidden-token", "User-Agent": "x"},
    },
    "scheduleTime": "2026-11-22T18:00:00Z",
    "lastAttemptTime": "2026-11-21T18:00:01Z",
    "status": {},
}
OTHER_JOB = {**JOB, "name": "projects/p/locations/asia-northeast1/jobs/another"}
POLICY = {
    "version": 3,
    "etag": "BwX",
    "bindings": [
        {"role": "roles/viewer", "members": ["user:b@example.com", "user:a@example.com"]},
        {"role": "roles/owner", "members": ["user:a@example.com"]},
    ],
}
STORED = {
    "name": "projects/1/secrets/SLACK",
    "createTime": "2026-01-01T00:00:00Z",
    "labels": {"service": "toban"},
    "replication": {"automatic": {}},
    "etag": "1",
}
VERSION = {
    "name": "projects/1/secrets/SLACK/versions/1",
    "state": "ENABLED",
    "createTime": "2026-01-01T00:00:00Z",
    "etag": "2",
}


class Google(ThreadingHTTPServer):
    """Answers as the services do; each list comes in pages of one."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked = []
        self.answers = {
            "/v1/projects/p/locations": ("locations", [{"name": JOBS[4:-5]}]),
            JOBS: ("jobs", [JOB, OTHER_JOB]),
            "/v3/projects/p:getIamPolicy": ("", POLICY),
            "/v1/projects/p/secrets": ("secrets", [STORED]),
            "/v1/projects/1/secrets/SLACK/versions": ("versions", [VERSION]),
            "/v1/projects/1/secrets/SLACK/versions/1:access": (
                "",
                {"payload": {"data": base64.b64encode(SECRET.encode()).decode()}},
            ),
        }
        self.status = {}
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class Answering(BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = urlsplit(self.path)
        self.server.asked.append(asked.path)
        status, body = self.server.status.get(asked.path, (200, None))
        if body is None:
            what, found = self.server.answers[asked.path]
            page = int(parse_qs(asked.query).get("pageToken", ["0"])[0] or 0)
            more = {"nextPageToken": str(page + 1)} if page + 1 < len(found) else {}
            body = {what: found[page : page + 1], **more} if what else found
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def google(monkeypatch):
    server = Google()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    real = project.Project.__init__

    def here(self, name, location=""):
        real(self, name, location, requests.Session, project.Endpoints(url, url, url))

    monkeypatch.setattr(project.Project, "__init__", here)
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("location", ["", "asia-northeast1"])
def test_what_is_set_up_in_a_project_is_kept(google, world, safe, location):
    source = configuration.source({"project": "p", "location": location}, world)

    safe.take(source, "b1")

    records = {(r.section, r.name): r.data for r in configuration._records(safe.stream("b1"))}
    assert [section for section, _ in records] == [
        "iam",
        "profiles",
        "scheduler",
        "scheduler",
        "secrets",
    ]
    assert records["scheduler", JOB["name"]]["schedule"] == "0 3 * * *"
    [owner, viewer] = records["iam", "projects/p"]["bindings"]
    assert owner["role"] == "roles/owner"
    assert viewer["members"] == ["user:a@example.com", "user:b@example.com"]
    secret = records["secrets", "projects/1/secrets/SLACK"]
    assert secret["labels"] == {"service": "toban"}
    assert [version["state"] for version in secret["versions"]] == ["ENABLED"]


def test_no_value_of_a_secret_is_ever_read(google, world, safe):
    safe.take(configuration.source({"project": "p"}, world), "b1")

    stream = whole(safe, "b1")
    assert b"hidden-token" not in stream
    assert SECRET.encode() not in stream
    assert b"payload" not in stream
    assert not [path for path in google.asked if path.endswith(":access")]


def test_what_changes_by_itself_is_no_change(google, world, safe):
    source = configuration.source({"project": "p"}, world)
    before = fingerprint(source, safe)

    google.answers[JOBS] = (
        "jobs",
        [OTHER_JOB, {**JOB, "lastAttemptTime": "later", "status": {"code": 5}}],
    )
    google.answers["/v3/projects/p:getIamPolicy"] = (
        "",
        {**POLICY, "etag": "BwY", "bindings": POLICY["bindings"][::-1]},
    )
    assert fingerprint(source, safe) == before

    google.answers[JOBS] = ("jobs", [OTHER_JOB, {**JOB, "schedule": "0 4 * * *"}])
    assert fingerprint(source, safe) != before


def test_a_refusal_is_told_and_is_no_success(google, world, safe):
    refused = {"error": {"status": "PERMISSION_DENIED", "message": "no getIamPolicy"}}
    google.status["/v3/projects/p:getIamPolicy"] = (403, refused)

    with pytest.raises(SourceFailed, match="no getIamPolicy") as failed:
        safe.take(configuration.source({"project": "p"}, world), "b1")
    assert not failed.value.retryable


def test_an_outage_is_tried_again(google, world, safe):
    google.status[JOBS] = (503, {"error": {"message": "try again"}})

    with pytest.raises(Unavailable, match="503"):
        safe.take(configuration.source({"project": "p"}, world), "b1")


def test_a_service_that_the_project_does_not_use_has_nothing_to_keep(google, world, safe):
    disabled = {"error": {"details": [{"reason": "SERVICE_DISABLED"}]}}
    google.status["/v1/projects/p/secrets"] = (403, disabled)

    safe.take(configuration.source({"project": "p"}, world), "b1")

    assert "secrets" not in safe.check(FORM, "b1")
