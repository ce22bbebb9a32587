"""
Backups read by `docs/read_backup.py` as somebody has it who has lost toban: in an interpreter of its
own, with two libraries (and what they need), without toban and without a network.
"""

from __future__ import annotations

import base64
import importlib.metadata
import importlib.util
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from toban.ports.backup import Bucket

ROOT = Path(__file__).parents[1]
READER = ROOT / "docs" / "read_backup.py"
LIBRARIES = ("cryptography", "zstandard")

BOOT = """
import runpy, socket, sys

def none(*_, **__):
    raise OSError("there is no network")

socket.socket.connect = socket.getaddrinfo = none
libraries, script, *sys.argv[1:] = sys.argv[1:]
sys.argv[0] = script
sys.path.insert(0, libraries)
runpy.run_path(script, run_name="__main__")
"""


def read_alone(
    bucket: Bucket, prefix: str, scratch: Path, key: bytes | None = None
) -> dict[str, bytes]:
    """What lies below OUT afterwards; raises `AssertionError` with what was said if it fails."""
    copy = scratch / "copy"
    for info in bucket.list():
        path = copy / info.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bucket.read(info.name))
    keys = scratch / "key"
    if key is not None:
        keys.write_bytes(base64.b64encode(key) + b"\n")
    return read_folder(copy / prefix.strip("/"), scratch, keys if key is not None else None)


def read_folder(
    folder: Path, scratch: Path, keys: Path | None, script: Path = READER
) -> dict[str, bytes]:
    """The same of a folder on this machine."""
    out = scratch / "out"
    words = [str(folder), str(out), *([str(keys)] if keys else [])]
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", BOOT, str(_libraries(scratch)), str(script), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return {
        str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()
    }


def _libraries(scratch: Path) -> Path:
    """A folder with the two libraries and what they require, and nothing else."""
    folder = scratch / "libraries"
    folder.mkdir(exist_ok=True)
    for package in _packages(LIBRARIES):
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        there = origin.parent if origin.stem == "__init__" else origin
        link = folder / there.name
        if not link.exists():
            link.symlink_to(there)
    return folder


def _packages(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        for file in importlib.metadata.files(name) or ():
            top = file.parts[0]
            if (len(file.parts) > 1 and "." not in top) or top.endswith((".so", ".py")):
                yield top.split(".")[0]
        for wanted in importlib.metadata.requires(name) or ():
            if ";" not in wanted or "extra" not in wanted:
                yield from _packages([wanted.split(";")[0].split(">")[0].strip()])
