"""A hundred thousand documents backed up and restored on the emulator, in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.firestore_data import Documents, text
from toban.sources.firestore import stream as firestore_stream

DOCUMENTS = 100_000
ROOT = Path(__file__).parents[2]

CHILD = """
import itertools, json, resource, sys
from datetime import UTC, datetime
from tests.contract.firestore_data import no_fetch, run, world
from toban.sources.firestore import adapter as firestore

doing, emulator, project, path = sys.argv[1:]
world = world(emulator)
this = run(world)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
early = items = 0

def parts(file):
    # One part of a real backup is about so large.
    sizes = json.loads(open(f"{path}.parts").read())
    for size in sizes:
        yield file.read(size)

if doing == "backup":
    source = firestore.source({"project": project}, world)
    snapshot = source.begin(this, None, datetime.now(UTC))
    sizes, size = [], 0
    with open(path, "wb") as file:
        for piece in source.read(this, snapshot, ""):
            file.write(piece.data)
            items += piece.items
            size += len(piece.data)
            if piece.cursor is not None and size > 4_000_000:
                sizes.append(size)
                size = 0
            if not early and items > 10_000:
                early = peak()
    open(f"{path}.parts", "w").write(json.dumps([*sizes, size]))
elif doing == "check":
    with open(path, "rb") as file:
        chunks = iter(lambda: file.read(1 << 20), b"")
        first = list(itertools.islice(chunks, 3))
        def all():
            global early
            yield from first
            early = peak()
            yield from chunks
        items = firestore.format_(world).check(all(), no_fetch)["documents"]
elif doing == "restore":
    target = firestore.target({"project": project, "database": "staging"}, world)
    target.prepare(fresh=True)
    with open(path, "rb") as file:
        for found in target.load(parts(file), no_fetch):
            items += found
            early = early or peak()
print(json.dumps({"items": items, "early": early, "peak": peak()}))
"""


def child(doing: str, *arguments: str) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, doing, *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}/shared:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, int] = json.loads(done.stdout)
    return result


@pytest.mark.slow
def test_a_hundred_thousand_documents_come_back_in_bounded_memory(
    firestore_emulator, project, tmp_path
):
    documents = Documents(firestore_emulator, project)
    filler = "x" * 300

    def path(n: int) -> str:
        # Some lie under parents that do not exist.
        return f"orders/o{n:06d}" if n % 10 else f"users/u{n % 7}/visits/v{n:06d}"

    documents.write((path(n), text(f"{n} {filler}")) for n in range(DOCUMENTS))
    file = tmp_path / "stream"
    arguments = (firestore_emulator, project, str(file))
    done = {}
    for doing in ("backup", "check", "restore"):
        done[doing] = child(doing, *arguments)
        assert done[doing]["items"] == DOCUMENTS, doing
        growth = done[doing]["peak"] - done[doing]["early"]
        assert growth < file.stat().st_size / 2, f"{doing}: {growth} bytes for the rest: {done}"
    assert file.stat().st_size > 40_000_000

    staging = Documents(firestore_emulator, project, "staging")
    found = {}
    with file.open("rb") as stream:
        records = firestore_stream.split(iter(lambda: stream.read(1 << 20), b""))
        for record in records:
            if not firestore_stream.is_note(record):
                message = firestore_stream.read_document(record)
                found[message.name.partition("/documents/")[2]] = message.fields[
                    "text"
                ].string_value
    assert found == {path(n): f"{n} {filler}" for n in range(DOCUMENTS)}
    restored = staging.all()
    restored.pop("toban-restores/staging")
    assert {name: m.fields["text"].string_value for name, m in restored.items()} == found
