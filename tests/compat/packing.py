"""
A data directory as files that can be read and compared, and those made a data directory again.

SQLite becomes the SQL of its tables, indices and rows. What a bucket's directory says by a file's
time (its generation) is listed, since no checkout keeps it; a file of nothing but zeros is its size.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

DATABASE = "toban.db"
_ZEROS = 1 << 20
"""Files of at least so many bytes are kept as their size only: they hold zeros."""
_PRAGMAS = ("user_version", "application_id")


def pack(data: Path, to: Path) -> None:
    """Write a data directory, which nobody has open, to `to`."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    files = {}
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        name, found = path.relative_to(data).as_posix(), path.stat()
        if name.startswith(DATABASE):
            continue
        if found.st_size >= _ZEROS:
            assert not path.read_bytes().strip(b"\0")
            files[name] = [found.st_mtime_ns, found.st_size]
            continue
        files[name] = [found.st_mtime_ns]
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to / name)
    (to / "files.json").write_text(json.dumps(files, indent=0, ensure_ascii=False), "utf-8")
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        (to / f"{DATABASE}.sql").write_text("\n".join(dumped(connection)) + "\n", "utf-8")


def unpack(packed: Path, data: Path) -> None:
    """Make the data directory `data` of what `pack` wrote."""
    data.mkdir(parents=True)
    for name, (time_ns, *size) in json.loads((packed / "files.json").read_text("utf-8")).items():
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if size:
            path.touch()
            os.truncate(path, size[0])
        else:
            shutil.copyfile(packed / name, path)
        os.utime(path, ns=(time_ns, time_ns))
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        connection.executescript((packed / f"{DATABASE}.sql").read_text("utf-8"))


def dumped(connection: sqlite3.Connection) -> Iterator[str]:
    """SQL that makes the same file: its settings, its schema as written there, and every row."""
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    yield f"PRAGMA journal_mode = {mode};"
    for name in _PRAGMAS:
        (value,) = connection.execute(f"PRAGMA {name}").fetchone()
        yield f"PRAGMA {name} = {value};"
    yield "BEGIN;"
    schema = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
    ).fetchall()
    tables = [name for kind, name, _ in schema if kind == "table"]
    yield from (f"{sql};" for kind, name, sql in schema if kind == "table" and _own(name))
    yield from (row for name in tables if _own(name) for row in _rows(connection, name))
    if "sqlite_sequence" in tables:
        yield "DELETE FROM sqlite_sequence;"
        yield from _rows(connection, "sqlite_sequence")
    yield from (f"{sql};" for kind, _, sql in schema if kind != "table")
    yield "COMMIT;"


def _own(table: str) -> bool:
    return not table.startswith("sqlite_")


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    for row in connection.execute(f"SELECT * FROM {table} ORDER BY rowid"):
        yield f"INSERT INTO {table} VALUES ({', '.join(_literal(connection, v) for v in row)});"


def _literal(connection: sqlite3.Connection, value: object) -> str:
    if isinstance(value, bytes):
        text = value.decode()  # a message's JSON
        return f"CAST({_literal(connection, text)} AS BLOB)"
    (quoted,) = connection.execute("SELECT quote(?)", (value,)).fetchone()
    return str(quoted)
