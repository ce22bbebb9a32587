"""Checking names that several parts of the section `backup` have."""

from __future__ import annotations

from toban.backups.section import BackupSection
from toban.backups.texts import both
from toban.strictyaml.findings import did_you_mean
from toban.strictyaml.report import Report


def check_source_name(backup: BackupSection, name: str, path: str, report: Report) -> bool:
    """Report a source that does not exist; return whether it exists."""
    if name in backup.sources:
        return True
    hint = did_you_mean(name, backup.sources)
    report.error(
        "unknown-source",
        path,
        both("finding.backup.unknown-source", name=repr(name), hint=hint),
    )
    return False
