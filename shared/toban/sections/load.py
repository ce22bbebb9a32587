"""Reading service profiles from YAML files; every finding has its line."""

from __future__ import annotations

from pathlib import Path

from toban.profile.profile import NAMES, Profile
from toban.profile.section import SERVICE
from toban.sections.collect import defined
from toban.sections.collect import whole as whole_profile
from toban.sections.teams import TEAMS, ProfileWithTeam, directory_for, joined
from toban.sections.texts import both
from toban.strictyaml.compose import compose, read_bytes, whole
from toban.strictyaml.findings import FileErrors, Finding
from toban.strictyaml.reader import YamlReader, zone_written
from toban.strictyaml.values import DEFAULT_ZONE
from toban.texts import Both


def load_profile(path: str | Path) -> Profile:
    """Return the profile in a YAML file; raises `FileErrors` with everything wrong with it."""
    return load_file(path).profile


def load_directory(directory: str | Path) -> dict[str, Profile]:
    """
    Return all profiles (``*.yaml``, ``*.yml``) of a directory by service id, in order of their
    ids.

    Raises `FileErrors` with everything wrong with all files.
    """
    loaded, findings = load_all(directory)
    if findings:
        raise FileErrors(findings)
    return {item.profile[SERVICE].id: item.profile for item in loaded}


def profile_files(folder: Path) -> list[Path]:
    """Return the files of a directory that are profiles by their names, in the order of names."""
    return sorted(path for path in folder.iterdir() if is_profile(path.name))


def is_profile(name: str) -> bool:
    """
    Return whether a file is a profile by its name.

    Hidden ones are an editor's or a file system's own: ``.#shop.yaml`` is how Emacs marks what is
    being edited, ``._shop.yaml`` what macOS puts beside a file elsewhere.
    """
    return name.endswith((".yaml", ".yml")) and not name.startswith(".")


def load_all(directory: str | Path) -> tuple[list[ProfileWithTeam], list[Finding]]:
    """Return what could be loaded from a directory, in order of service ids, and the findings."""
    folder = Path(directory)
    if not folder.is_dir():
        return [], [whole(str(folder), "no-directory", both("finding.sections.no-directory"))]
    loaded: dict[str, ProfileWithTeam] = {}
    findings: list[Finding] = []
    files = profile_files(folder)
    if not files:
        findings.append(
            whole(
                str(folder),
                "no-profiles",
                both("finding.sections.no-profiles"),
            )
        )
    for path in files:
        try:
            item = load_file(path)
        except FileErrors as errors:
            findings += errors.findings
            continue
        id = item.profile[SERVICE].id
        other = loaded.setdefault(id, item)
        if other is not item:
            # The copy is the one whose name does not fit, wherever it stands in the alphabet.
            if Path(item.source.file).stem == id:
                loaded[id], item, other = item, other, item
            findings += item.source.locate([_same_id(id, other.source.file)])
    # What is wrong with a team file is wrong with each of its profiles; it is told once.
    return [loaded[service] for service in sorted(loaded)], list(dict.fromkeys(findings))


def load_file(path: str | Path) -> ProfileWithTeam:
    """Return a profile joined with its team, and its source map; raises `FileErrors`."""
    return parse_profile(read_bytes(path), str(path), directory_for(path))


def parse_profile(
    data: bytes | str, file: str = "<profile>", teams: Path | None = None
) -> ProfileWithTeam:
    """
    Return a profile from YAML text; `file` is its name in messages, `teams` the directory of
    team files.

    Raises `FileErrors` with all that is wrong, in the order of the file.
    """
    root = compose(data, file, "service")
    # Times without a zone around them are in the service's.
    zone = zone_written(root, "service", "timezone") or DEFAULT_ZONE
    reader = YamlReader(file, zone=zone, not_yet=_not_yet())
    profile = reader.read(root, whole_profile())
    if profile is None:
        raise FileErrors(sorted(reader.findings, key=lambda f: (f.line, f.column)))
    return joined(profile, reader.source, teams or Path(TEAMS), zone)


def _not_yet() -> dict[str, Both]:
    """Settled names of sections that no domain defines yet."""
    there = {section.key.name for section in defined()}
    return {
        name: both("finding.sections.not-yet", name=name) for name in NAMES if name not in there
    }


def _same_id(service: str, other: str) -> Finding:
    return Finding(
        "error",
        "duplicate-service",
        "service.id",
        both("finding.sections.duplicate-service", service=service, other=other),
    )
