"""Checking the files of a directory: loading, checking, and where each finding stands."""

from __future__ import annotations

from pathlib import Path

from toban.profile.section import SERVICE
from toban.sections.check import check, check_together
from toban.sections.load import Loaded, load_all, load_file
from toban.strictyaml.findings import Finding


def check_directory(directory: str | Path) -> list[Finding]:
    """
    Everything to say about all profiles of a directory, with file and line, errors of loading
    included; in the order of services, then by severity of the finding.

    Files that cannot be loaded do not keep the others from being checked.
    """
    loaded, findings = load_all(directory)
    profiles = {item.profile[SERVICE].id: item.profile for item in loaded}
    for item in loaded:
        findings += _check_loaded(item, loaded)
    if len(loaded) == len(profiles) and not any(f.severity == "error" for f in findings):
        findings += [
            Finding(f.severity, f.code, f.path, f.message_ja, f.message_en, str(directory))
            for f in check_together(profiles)
        ]
    return findings


def check_file(path: str | Path) -> list[Finding]:
    """Everything to say about one profile by itself; raises `FileErrors` if it cannot load."""
    item = load_file(path)
    return _check_loaded(item, [item])


def _check_loaded(item: Loaded, loaded: list[Loaded]) -> list[Finding]:
    findings = check(item.profile, [other.profile for other in loaded])
    service, stem = item.profile[SERVICE].id, Path(item.source.file).stem
    if stem != service:
        findings.append(
            Finding(
                "warning",
                "file-name",
                "service.id",
                f"ファイル名はサービス ID と同じにします: {service}.yaml",
                f"a profile's file is named after its service: {service}.yaml.",
            )
        )
    return list(item.source.locate(findings))
