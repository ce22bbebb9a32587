"""
Team files: people and rotations that several profiles share (``team: NAME`` in each).

``NAME.yaml`` lies in the directory ``teams`` beside that of the profiles. A profile's own people
win, each by name; so does its own rotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from toban.people.team.section import TEAM
from toban.profile.context import CheckContext
from toban.profile.profile import Profile
from toban.profile.section import Service
from toban.sections.collect import defined, whole
from toban.sections.texts import both
from toban.strictyaml.compose import compose, read_bytes
from toban.strictyaml.findings import FileErrors, Finding, SourceMap, did_you_mean, join
from toban.strictyaml.reader import YamlReader
from toban.strictyaml.report import Report
from toban.strictyaml.values import DEFAULT_ZONE, Section

TEAMS = "teams"
"""The directory."""


@dataclass(frozen=True, slots=True)
class Team:
    """The content of a team file, by section, with its places."""

    sections: Mapping[str, Any]
    source: SourceMap


@dataclass(frozen=True, slots=True)
class ProfileWithTeam:
    """A profile joined with what it takes from its team file."""

    profile: Profile
    source: SourceMap
    borrowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Names by section that are the team's."""
    clashes: tuple[Finding, ...] = ()
    """What both define; the profile's own counts."""
    team: str = ""
    """Its name."""


def directory_for(profile: str | Path) -> Path:
    """Return the directory of the team files for a profile's file."""
    return Path(profile).absolute().parent.parent / TEAMS


def read_team(path: Path, zone: str = DEFAULT_ZONE) -> Team:
    """
    Return the content of a team file; times that name no zone are in `zone`.

    Raises `FileErrors` with everything wrong with the file.
    """
    reader = YamlReader(str(path), zone=zone)
    found = reader.read(compose(read_bytes(path), str(path), "people"), team_file())
    if found is None:
        raise FileErrors(reader.findings)
    said = {name: getattr(found, name) for name in team_file().__struct_fields__}
    return Team({n: v for n, v in said.items() if v is not msgspec.UNSET}, reader.source)


def joined(profile: Any, source: SourceMap, teams: Path, zone: str) -> ProfileWithTeam:
    """
    Return a profile joined with its team's content; unchanged where it names no team.

    Raises `FileErrors` for a team that does not exist, and for one that cannot be read.
    """
    name = profile[TEAM]
    if not name:
        return ProfileWithTeam(profile, source)
    path = teams / f"{name}.yaml"
    if not path.is_file():
        raise FileErrors(source.locate([_unknown(name, teams)]))
    team = read_team(path, zone)
    filled: dict[str, Any] = {TEAM.name: msgspec.UNSET}
    borrowed: dict[str, frozenset[str]] = {}
    elsewhere: dict[str, SourceMap] = {}
    clashes: list[Finding] = []
    for section in defined():
        if section.key.name not in team.sections:
            continue
        key, lent, own = section.key.name, team.sections[section.key.name], profile[section.key]
        if isinstance(lent, dict):
            filled[key] = {**own, **{n: v for n, v in lent.items() if n not in own}}
            borrowed[key] = frozenset(lent.keys() - own.keys())
            elsewhere |= {join(key, n): team.source for n in borrowed[key]}
            clashes += (_clash(join(key, n), team) for n in lent if n in own)
        elif own != section.key.default:
            clashes.append(_clash(key, team))
        else:
            filled[key], elsewhere[key] = lent, team.source
    return ProfileWithTeam(
        msgspec.structs.replace(profile, **filled),
        SourceMap(source.file, source.places, elsewhere),
        borrowed,
        tuple(clashes),
        name,
    )


def check_team(path: Path) -> list[Finding]:
    """Return the findings about a team file by itself; raises `FileErrors` if it cannot be read."""
    team, report = read_team(path), Report()
    profile: Any = whole()(service=Service(id=path.stem, name=path.stem), **team.sections)
    # Whom a profile of the team calls is that profile's matter.
    everybody = {n: frozenset(v) for n, v in team.sections.items() if isinstance(v, dict)}
    for section in defined():
        if section.key.team:
            section.check(profile, report, CheckContext(mentioned=everybody))
    return list(team.source.locate(report.sorted()))


@cache
def team_file() -> type[Section]:
    """The type of a team file: every section that may stand in one."""
    fields = [(s.key.name, s.key.type, msgspec.UNSET) for s in defined() if s.key.team]
    made: Any = msgspec.defstruct("TeamFile", fields, bases=(Section,), frozen=True)
    kind: type[Section] = made
    return kind


def _unknown(name: str, teams: Path) -> Finding:
    hint = did_you_mean(name, [path.stem for path in teams.glob("*.yaml")])
    return Finding(
        "error",
        "unknown-team",
        TEAM.name,
        both("finding.sections.unknown-team", file=f"{teams / name}.yaml", hint=hint),
    )


def _clash(path: str, team: Team) -> Finding:
    place = f"{team.source.file}:{team.source.line(path)}"
    return Finding(
        "warning",
        "team-clash",
        path,
        both("finding.sections.team-clash", path=path, place=place),
    )
