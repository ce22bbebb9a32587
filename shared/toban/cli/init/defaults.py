"""What this machine suggests: its zone, and who works on it."""

from __future__ import annotations

import getpass
import os
import subprocess
from pathlib import Path

from toban.cli.init.answers import BadAnswer, NewPerson, person
from toban.strictyaml.scalars import WrongValueError, parse_zone
from toban.texts import Language

_GIT_S = 5.0
_LOCALTIME = Path("/etc/localtime")
_NO_PLACE = ("Etc/", "UTC", "GMT", "Universal", "Zulu")


def zone_here(language: Language, localtime: Path = _LOCALTIME) -> str:
    """Return the zone of this machine; where it names no place, the likeliest of the language."""
    named = os.environ.get("TZ", "").removeprefix(":")
    linked = str(localtime.resolve()).partition("zoneinfo/")[2]
    for word in (named, linked):
        try:
            found = parse_zone(word) if word else ""
        except WrongValueError:
            continue
        if found and not found.startswith(_NO_PLACE):
            return found
    return "Asia/Tokyo" if language == "ja" else "UTC"


def person_here(directory: Path) -> NewPerson:
    """Return who works here: as git knows them, else by the name of this machine's user."""
    name, email = (_git(directory, f"user.{key}") for key in ("name", "email"))
    try:
        return person(f"{name} <{email}>" if email else name)
    except BadAnswer:
        return NewPerson(getpass.getuser())


def _git(directory: Path, key: str) -> str:
    there = next(path for path in (directory, *directory.absolute().parents) if path.is_dir())
    try:
        done = subprocess.run(
            ["git", "config", "--get", key],
            cwd=there, capture_output=True, text=True, check=False, timeout=_GIT_S,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
