"""Collecting findings while checking."""

from __future__ import annotations

from toban.strictyaml.findings import Finding, Level
from toban.strictyaml.texts import both
from toban.texts import Both

_ORDER: dict[Level, int] = {"error": 0, "warning": 1, "info": 2}


class Report:
    """Findings in the order in which they were made, each once."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}

    def error(self, code: str, path: str, message: Both) -> None:
        """Something that must be repaired."""
        self._findings[Finding("error", code, path, message)] = None

    def incomplete(self, path: str, needed: Both) -> None:
        """Something that is needed is not there."""
        self.error("incomplete", path, both("finding.yaml.incomplete", needed=needed))

    def warning(self, code: str, path: str, message: Both) -> None:
        """Something worth a look."""
        self._findings[Finding("warning", code, path, message)] = None

    def info(self, code: str, path: str, message: Both) -> None:
        """Something to know."""
        self._findings[Finding("info", code, path, message)] = None

    def sorted(self) -> list[Finding]:
        """Errors, then warnings, then infos."""
        return sorted(self._findings, key=lambda finding: _ORDER[finding.severity])
