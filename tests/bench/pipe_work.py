"""
One stage of the backup pipe over one stream, in a process of its own; prints JSON.

``python -m tests.bench.pipe_work STAGE KIND MIB [FILE]``: the stream is read from FILE, or made.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

from toban.backups.storage.frames import Seal
from toban.backups.storage.parts import LEVEL, STRETCH, cut, open_part
from toban.ports.backup import Chunk

BLOCKS = 16
"""Distinct MiB that a made stream repeats: far more than zstd's window at level 3."""
_SEAL = Seal("bench", "stream/a1", bytes(range(32)))


def blocks(kind: str) -> list[bytes]:
    """``jsonl`` (like exported documents; shrinks to about a fifth) or ``random``."""
    if kind == "random":
        return [os.urandom(STRETCH) for _ in range(BLOCKS)]
    chance = random.Random(1)
    names = [f"{chance.getrandbits(32):08x}" for _ in range(3000)]
    lines = bytearray()
    for number in itertools.count():
        lines += (
            f'{{"id":{number},"at":"2026-11-22T13:{number % 60:02}:{number * 7 % 60:02}'
            f'.{chance.randrange(10**6):06}Z","user":"{chance.choice(names)}",'
            f'"action":"{names[number % 20]}","path":"/api/{names[number % 50]}/'
            f'{chance.choice(names)}","ms":{chance.randrange(5000)},"ok":true}}\n'
        ).encode()
        if len(lines) >= BLOCKS * STRETCH:
            break
    return [bytes(lines[at : at + STRETCH]) for at in range(0, BLOCKS * STRETCH, STRETCH)]


def made(kind: str, mib: int) -> Iterator[bytes]:
    """A stream of so many MiB."""
    return itertools.islice(itertools.cycle(blocks(kind)), mib)


def read(file: Path) -> Iterator[bytes]:
    """The file, 1 MiB at a time."""
    with file.open("rb", buffering=0) as stream:
        while data := stream.read(STRETCH):
            yield data


def pipe(stream: Iterator[bytes]) -> int:
    """Ours; parts are thrown away."""
    pieces = (Chunk(data, "cursor", 1) for data in stream)
    return sum(part.size for part in cut(pieces, _SEAL, resumable=True))


def there_and_back(stream: Iterator[bytes]) -> int:
    """Ours, and every part opened and read again."""
    pieces = (Chunk(data, "cursor", 1) for data in stream)
    total = 0
    for part in cut(pieces, _SEAL, resumable=True):
        total += part.size
        for _ in open_part(part.data, _SEAL, part.number, name="part").pieces():
            pass
    return total


def compress(stream: Iterator[bytes]) -> int:
    """zstd alone, one thread."""
    compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj()
    return sum(len(compressor.compress(data)) for data in stream) + len(compressor.flush())


def hash_both(stream: Iterator[bytes], share: float) -> int:
    """SHA-256 alone, one thread: of what goes in and of the share of it that comes out."""
    plain, stored = hashlib.sha256(), hashlib.sha256()
    for data in stream:
        plain.update(data)
        stored.update(memoryview(data)[: int(len(data) * share)])
    return 0


STAGES: dict[str, Callable[[Iterator[bytes]], int]] = {
    "pipe": pipe,
    "back": there_and_back,
    "zstd": compress,
    "sha256-jsonl": lambda stream: hash_both(stream, 0.2),
    "sha256-random": lambda stream: hash_both(stream, 1.0),
}


def main(arguments: list[str]) -> None:
    """Run the stage and say how long it took, how much memory it held, what came out."""
    stage, kind, mib, *file = arguments
    if stage == "make":
        with Path(file[0]).open("wb") as target:
            target.writelines(made(kind, int(mib)))
        return
    stream = read(Path(file[0])) if file else made(kind, int(mib))
    work = STAGES[f"{stage}-{kind}" if stage == "sha256" else stage]
    began, cpu = time.perf_counter(), time.process_time()
    stored = work(stream)
    answer = {
        "seconds": time.perf_counter() - began,
        "cpu_s": time.process_time() - cpu,
        "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "stored": stored,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
