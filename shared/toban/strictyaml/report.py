"""Collecting findings while checking."""

from __future__ import annotations

from toban.strictyaml.findings import Finding, Level

_ORDER: dict[Level, int] = {"error": 0, "warning": 1, "info": 2}


class Report:
    """Findings in the order in which they were made, each once."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}

    def error(self, code: str, path: str, japanese: str, english: str) -> None:
        """Something that must be repaired."""
        self._findings[Finding("error", code, path, japanese, english)] = None

    def incomplete(self, path: str, japanese: str, english: str) -> None:
        """Something that is needed is not there."""
        self.error("incomplete", path, f"{japanese}が必要です。", f"it needs {english}.")

    def warning(self, code: str, path: str, japanese: str, english: str) -> None:
        """Something worth a look."""
        self._findings[Finding("warning", code, path, japanese, english)] = None

    def info(self, code: str, path: str, japanese: str, english: str) -> None:
        """Something to know."""
        self._findings[Finding("info", code, path, japanese, english)] = None

    def sorted(self) -> list[Finding]:
        """Errors, then warnings, then infos."""
        return sorted(self._findings, key=lambda finding: _ORDER[finding.severity])
