"""Checks of single values that sections of several domains have."""

from __future__ import annotations

import re
from typing import Final

from toban.strictyaml.report import Report
from toban.strictyaml.scalars import WrongValueError, parse_id
from toban.strictyaml.texts import both

SECRET_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)

ADDRESS: Final = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


def check_id(name: str, path: str, report: Report) -> None:
    """Report a name that cannot be part of a document's id."""
    try:
        parse_id(name)
    except WrongValueError as error:
        report.error("bad-id", path, error.message)


_OFFSETS: Final = frozenset(
    {"GMT+0", "GMT-0", "GMT0", "Greenwich", "UCT", "Universal", "Zulu", "Factory"}
)
"""IANA names of no place. ``Japan`` and its like are old names of one."""


def check_zone(zone: str | None, path: str, report: Report) -> None:
    """Report a zone that is an offset, by whatever name; UTC is meant."""
    if zone is None or zone in ("UTC", "Etc/UTC"):
        return
    if zone in _OFFSETS or zone.startswith("Etc/"):
        report.warning(
            "fixed-zone",
            path,
            both("finding.yaml.fixed-zone", zone=zone),
        )


def check_email(address: str, path: str, report: Report) -> None:
    """Report what is no email address."""
    if not ADDRESS.fullmatch(address):
        report.error(
            "wrong-value",
            path,
            both("finding.yaml.wrong-value", address=repr(address)),
        )


def check_secret_name(name: str, example: str, path: str, report: Report) -> None:
    """Report a secret that is written where its name belongs, without repeating it."""
    if not SECRET_NAME.fullmatch(name):
        report.error(
            "secret-name",
            path,
            both("finding.yaml.secret-name", example=example),
        )
