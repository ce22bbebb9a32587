"""Checking the files of a directory: loading, checking, and the place of each finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.sections.check import check, check_together
from toban.sections.load import load_all, load_file
from toban.sections.secrets import unset
from toban.sections.teams import TEAMS, ProfileWithTeam, check_team, directory_for
from toban.sections.texts import both
from toban.strictyaml.findings import FileErrors, Finding

IsSet: TypeAlias = Callable[[str], bool]


def check_directory(
    directory: str | Path,
    is_set: IsSet | None = None,
    stored: Mapping[str, Profile] | None = None,
) -> list[Finding]:
    """
    Return everything to say about all profiles of a directory, with file and line, errors of
    loading included; in the order of services, then by severity of the finding. Of their teams
    as well, or of a directory of teams alone.

    Files that cannot be loaded do not keep the others from being checked. `is_set`: whether a
    secret has a value, to be warned of those that have none. `stored`: the profiles in force;
    those of services without a file stay so when the directory is applied.
    """
    if Path(directory).name == TEAMS:
        return _check_teams(Path(directory), [])
    return read_directory(directory, is_set, stored)[1]


def read_directory(
    directory: str | Path,
    is_set: IsSet | None = None,
    stored: Mapping[str, Profile] | None = None,
) -> tuple[dict[str, Profile], list[Finding]]:
    """
    Return the profiles of a directory that could be loaded, by service id, and what
    `check_directory` says of them: of the very same reading.
    """
    loaded, findings = load_all(directory)
    all_read = not findings
    profiles = {item.profile[SERVICE].id: item.profile for item in loaded}
    for item in loaded:
        findings += _check_loaded(item, loaded, is_set)
    left = _without_file(stored or {}, profiles) if all_read else {}
    findings += _check_left(directory, loaded, left)
    if len(loaded) == len(profiles) and not any(f.severity == "error" for f in findings):
        findings += [
            Finding(f.severity, f.code, f.path, f.message, str(directory))
            for f in check_together({**left, **profiles})
        ]
    findings += _check_teams(directory_for(Path(directory) / "any.yaml"), loaded)
    return profiles, list(dict.fromkeys(findings))


def check_beside(directory: str | Path, stored: Mapping[str, Profile]) -> list[Finding]:
    """
    Return what the profiles of a directory, which is in order, have against services that are in
    force without a file: warnings, because applying the one and retiring the other leaves no gap.
    """
    loaded, _ = load_all(directory)
    profiles = {item.profile[SERVICE].id: item.profile for item in loaded}
    return list(_beside(loaded, _without_file(stored, profiles)))


def _without_file(
    stored: Mapping[str, Profile], files: Mapping[str, Profile]
) -> dict[str, Profile]:
    return {id: profile for id, profile in stored.items() if id not in files}


def _check_left(
    directory: str | Path, loaded: list[ProfileWithTeam], left: Mapping[str, Profile]
) -> Iterator[Finding]:
    """What there is to say about services that are in force without a file."""
    for id in sorted(left):
        message = both("finding.sections.no-file", id=id)
        yield Finding("warning", "no-file", "", message, str(directory))
    yield from _beside(loaded, left)


def _beside(loaded: list[ProfileWithTeam], left: Mapping[str, Profile]) -> Iterator[Finding]:
    profiles = [item.profile for item in loaded]
    for item in loaded if left else ():
        known = set(check(item.profile, profiles, item.borrowed))
        for id, other in sorted(left.items()):
            found = check(item.profile, [*profiles, other], item.borrowed)
            yield from item.source.locate(
                replace(
                    finding,
                    severity="warning",
                    message=both("finding.sections.beside", finding=finding.message, id=id),
                )
                for finding in found
                if finding not in known
            )


def check_file(path: str | Path, is_set: IsSet | None = None) -> list[Finding]:
    """
    Return the findings about one profile, or one team file, by itself; `is_set` as above.

    Raises `FileErrors` if it cannot be loaded.
    """
    if Path(path).absolute().parent.name == TEAMS:
        return check_team(Path(path))
    item = load_file(path)
    return _check_loaded(item, [item], is_set)


def _check_teams(directory: Path, named_by: list[ProfileWithTeam]) -> list[Finding]:
    """What there is to say about each team file; `named_by`: the profiles that may name them."""
    findings: list[Finding] = []
    used = {item.team for item in named_by}
    for path in sorted(directory.glob("[!.]*.yaml")) if directory.is_dir() else ():
        try:
            findings += check_team(path)
        except FileErrors as errors:
            findings += errors.findings
        if named_by and path.stem not in used:
            findings.append(
                Finding(
                    "warning",
                    "unused-team",
                    "",
                    both("finding.sections.unused-team"),
                    str(path),
                    1,
                    1,
                )
            )
    return findings


def _check_loaded(
    item: ProfileWithTeam, loaded: list[ProfileWithTeam], is_set: IsSet | None
) -> list[Finding]:
    findings = check(item.profile, [other.profile for other in loaded], item.borrowed)
    findings += item.clashes
    service, stem = item.profile[SERVICE].id, Path(item.source.file).stem
    if stem != service:
        findings.append(
            Finding(
                "warning",
                "file-name",
                "service.id",
                both("finding.sections.file-name", service=service),
            )
        )
    if is_set is not None:
        findings += unset(item.profile, is_set)
    return list(item.source.locate(findings))
