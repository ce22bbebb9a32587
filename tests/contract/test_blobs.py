"""What every `Blobs` does (see `toban.ports.Blobs`)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def blobs(blobs_world):
    return blobs_world.make()


def test_an_object_is_read_back(blobs):
    assert blobs.create("postmortems/inc-1.md", "# 障害".encode(), "text/markdown")

    assert blobs.read("postmortems/inc-1.md") == "# 障害".encode()


@pytest.mark.parametrize("data", [b"", bytes(range(256)) * 8_192], ids=["empty", "2 MiB"])
def test_any_bytes_come_back(blobs, data):
    blobs.create("raw/x", data, "application/octet-stream")

    assert blobs.read("raw/x") == data


def test_an_existing_object_is_left_as_it_is(blobs):
    blobs.create("a", b"first", "text/plain")

    assert not blobs.create("a", b"second", "text/plain")
    assert blobs.read("a") == b"first"


def test_of_racing_creates_exactly_one_wins(blobs):
    barrier = threading.Barrier(10)

    def create(number):
        barrier.wait()
        return blobs.create("drafts/one", b"%d" % number * 1_000, "text/plain")

    with ThreadPoolExecutor(10) as pool:
        won = list(pool.map(create, range(10)))

    assert won.count(True) == 1
    assert blobs.read("drafts/one") == b"%d" % won.index(True) * 1_000


def test_what_does_not_exist_cannot_be_read(blobs):
    blobs.create("a/b", b"x", "text/plain")

    for name in ("none", "a/none", "a"):
        with pytest.raises(KeyError):
            blobs.read(name)


def test_names_are_sorted_and_share_the_prefix(blobs):
    for name in ("b/2", "a/1", "b/10", "b/日本", "bc", "b/deep/er"):
        blobs.create(name, b"x", "text/plain")

    assert blobs.names("b/") == ["b/10", "b/2", "b/deep/er", "b/日本"]
    assert blobs.names("b") == ["b/10", "b/2", "b/deep/er", "b/日本", "bc"]
    assert blobs.names("b/1") == ["b/10"]
    assert blobs.names("") == ["a/1", "b/10", "b/2", "b/deep/er", "b/日本", "bc"]
    assert blobs.names("none/") == []


def test_a_deleted_object_is_gone_and_may_be_created_again(blobs):
    blobs.create("a/b", b"1", "text/plain")

    blobs.delete("a/b")
    blobs.delete("a/b")

    assert blobs.names("") == []
    with pytest.raises(KeyError):
        blobs.read("a/b")
    assert blobs.create("a/b", b"2", "text/plain")
    assert blobs.read("a/b") == b"2"


def test_the_address_is_one_a_person_can_open(blobs):
    blobs.create("postmortems/inc 1.md", b"x", "text/markdown")

    url = blobs.url("postmortems/inc 1.md")

    assert url.startswith(("https://", "http://127.0.0.1", "http://localhost", "file://"))
    assert "inc" in url


@pytest.mark.parametrize("name", ["", "/etc/passwd", "a/../../b", "..", "a//b", "a/./b", "a/"])
def test_a_name_that_could_lead_elsewhere_is_refused(blobs, name):
    with pytest.raises(ValueError, match="name"):
        blobs.create(name, b"x", "text/plain")
    with pytest.raises(ValueError, match="name"):
        blobs.read(name)
