"""What only Cloud Storage does: answers that get lost, objects that may not be deleted."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.buckets import emulated
from tests.plugins.emulators import RUNNING
from tests.plugins.lossy_proxy import LossyHttpProxy
from toban.adapters.google.storage import client as storage_client
from toban.adapters.google.storage.blobs import GcsBlobs
from toban.adapters.google.storage.buckets import GcsBucket
from toban.adapters.objects import crc32c
from toban.ports import Unavailable
from toban.ports.backup import DeleteBlocked

# --- a lost answer -----------------------------------------------------------------------------


@pytest.fixture
def sure(gcs_emulator):
    return emulated(gcs_emulator)("backups")


@pytest.fixture
def proxy(sure):
    through = LossyHttpProxy(RUNNING.address("gcs"))
    yield through
    through.close()


@pytest.fixture
def lossy(sure, proxy):
    client = storage_client.connect("test", f"http://{proxy.address}")
    return GcsBucket(sure.name, lambda: client)


def test_an_object_whose_answer_was_lost_is_ours(sure, lossy, proxy):
    proxy.arm()

    made = lossy.create("part", b"content", metadata={"k": "v"})

    assert proxy.lost == 1
    assert made == sure.stat("part")
    assert sure.read("part") == b"content"


def test_an_older_object_behind_a_lost_answer_is_not_ours(sure, lossy, proxy):
    older = sure.create("part", b"older")
    proxy.arm()

    assert lossy.create("part", b"newer") is None
    assert proxy.lost == 1
    assert sure.stat("part") == older


def test_a_blob_whose_answer_was_lost_is_ours(sure, lossy, proxy):
    proxy.arm()

    assert GcsBlobs(sure.name, lossy._client).create("draft", b"content", "text/plain")
    assert proxy.lost == 1


def test_a_copy_whose_answer_was_lost_is_ours(sure, lossy, proxy):
    sure.create("original", b"content")
    lose_the_answer_to_rewrite(lossy, proxy)

    copied = lossy.copy(lossy, "original", "copy")

    assert proxy.lost == 1
    assert copied == sure.stat("copy")
    assert sure.read("copy") == b"content"


def test_reading_and_listing_and_deleting_are_simply_done_again(sure, lossy, proxy):
    sure.create("a", b"content")

    proxy.arm()
    assert lossy.read("a") == b"content"
    proxy.arm()
    assert [info.name for info in lossy.list()] == ["a"]
    proxy.arm()
    assert lossy.stat("a") is not None
    proxy.arm()
    lossy.delete("a")

    assert proxy.lost == 4
    assert sure.stat("a") is None


def lose_the_answer_to_rewrite(bucket, proxy):
    found = bucket.stat

    def stat(name, generation=None):
        try:
            return found(name, generation)
        finally:
            bucket.stat = found
            proxy.arm()

    bucket.stat = stat


# --- written answers of the service ------------------------------------------------------------


class Service(ThreadingHTTPServer):
    """Answers each request with the next of `answers`, and remembers what was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.answers = []
        self.asked = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class Answering(BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path))
        status, body = self.server.answers.pop(0)
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = Service()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def bucket(service):
    url = f"http://127.0.0.1:{service.server_address[1]}"
    return GcsBucket("locked", lambda: storage_client.connect("test", url))


def refusal(status, reason, message):
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return status, {"error": {"code": status, "message": message, "errors": errors}}


def described(name, data, generation=7):
    import base64

    checksum = base64.b64encode(crc32c(data).to_bytes(4)).decode()
    return {"name": name, "size": str(len(data)), "crc32c": checksum, "generation": str(generation)}


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        (
            "retentionPolicyNotMet",
            "Object 'locked/a' is subject to bucket's retention policy or object retention",
        ),
        (
            "objectUnderActiveHold",
            "Object 'locked/a' is under active Event-Based hold and cannot be deleted",
        ),
        ("forbidden", "Object 'locked/a' is under active Temporary hold and cannot be deleted"),
    ],
)
def test_what_retention_protects_is_neither_deleted_nor_replaced(service, bucket, reason, message):
    service.answers = [refusal(403, reason, message)]

    with pytest.raises(DeleteBlocked, match="locked/a"):
        bucket.delete("a")

    service.answers = [refusal(403, reason, message)]
    with pytest.raises(DeleteBlocked, match="locked/a"):
        bucket.upload("a", [b"another"], over=7)


def test_a_missing_permission_is_no_retention(service, bucket):
    text = "toban@p.iam.gserviceaccount.com does not have storage.objects.delete access to hold/a"
    service.answers = [refusal(403, "forbidden", text)]

    with pytest.raises(Unavailable, match=r"storage\.objects\.delete"):
        bucket.delete("a")


def test_a_refused_request_is_sent_once(service, bucket):
    service.answers = [refusal(403, "forbidden", "no storage.objects.create access")]

    with pytest.raises(Unavailable, match="create access"):
        bucket.create("a", b"x")
    assert len(service.asked) == 1


def test_a_small_object_is_created_by_one_request_with_a_precondition(service, bucket):
    service.answers = [(200, described("a", b"x"))]

    assert bucket.create("a", b"x").generation == 7
    [(method, path)] = service.asked
    assert method == "POST"
    assert "uploadType=multipart" in path
    assert "ifGenerationMatch=0" in path


def test_what_came_true_after_an_error_is_found(service, bucket):
    service.answers = [refusal(503, "backendError", "try again"), (200, described("a", b"x"))]

    assert bucket.create("a", b"x").generation == 7


def test_an_object_that_did_not_come_true_is_sent_once_more(service, bucket):
    missing = refusal(404, "notFound", "No such object: locked/a")
    failed = refusal(503, "backendError", "try again")
    service.answers = [failed, missing, (200, described("a", b"x"))]

    assert bucket.create("a", b"x").generation == 7
    assert [method for method, _ in service.asked] == ["POST", "GET", "POST"]


def test_a_service_that_goes_on_failing_is_unavailable(service, bucket):
    missing = refusal(404, "notFound", "No such object: locked/a")
    failed = refusal(503, "backendError", "try again")
    service.answers = [failed, missing, failed, missing]

    with pytest.raises(Unavailable, match="creating a"):
        bucket.create("a", b"x")
    assert service.answers == []


def test_a_large_object_is_copied_in_several_calls(service, bucket):
    source = described("big", b"content")
    service.answers = [
        (200, source),
        (200, {"done": False, "totalBytesRewritten": "3", "objectSize": "7", "rewriteToken": "t1"}),
        refusal(503, "backendError", "try again"),
        refusal(404, "notFound", "No such object: locked/copy"),
        (200, {"done": False, "totalBytesRewritten": "5", "objectSize": "7", "rewriteToken": "t2"}),
        (
            200,
            {
                "done": True,
                "totalBytesRewritten": "7",
                "objectSize": "7",
                "resource": described("copy", b"content", 9),
            },
        ),
    ]

    copied = bucket.copy(bucket, "big", "copy")

    assert (copied.name, copied.generation) == ("copy", 9)
    rewrites = [path for method, path in service.asked if method == "POST"]
    assert ["rewriteToken=" in path for path in rewrites] == [False, True, True, True]
    assert "rewriteToken=t1" in rewrites[2], "it goes on where it was"
    assert "rewriteToken=t2" in rewrites[3]
    assert all("sourceGeneration=7" in path for path in rewrites)
    assert all("ifGenerationMatch=0" in path for path in rewrites)


def test_a_copy_of_a_generation_that_went_meanwhile_says_so(service, bucket):
    missing = refusal(404, "notFound", "No such object: locked/a")
    service.answers = [(200, described("a", b"x")), missing, missing]

    with pytest.raises(KeyError):
        bucket.copy(bucket, "a", "copy")
