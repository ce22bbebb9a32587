"""Collecting findings while checking."""

from __future__ import annotations

from toban.strictyaml.findings import Finding, Level
from toban.strictyaml.texts import both
from toban.texts import Both

_ORDER: dict[Level, int] = {"error": 0, "warning": 1, "info": 2}


class Report:
    """Collects findings in the order in which they are made, each once."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}

    def error(self, code: str, path: str, message: Both) -> None:
        """Add a finding that must be repaired."""
        self._findings[Finding("error", code, path, message)] = None

    def incomplete(self, path: str, needed: Both) -> None:
        """Add a finding about something that is needed and missing."""
        self.error("incomplete", path, both("finding.yaml.incomplete", needed=needed))

    def warning(self, code: str, path: str, message: Both) -> None:
        """Add a finding that should be looked at."""
        self._findings[Finding("warning", code, path, message)] = None

    def info(self, code: str, path: str, message: Both) -> None:
        """Add a finding that needs no action."""
        self._findings[Finding("info", code, path, message)] = None

    def sorted(self) -> list[Finding]:
        """Return errors, then warnings, then infos."""
        return sorted(self._findings, key=lambda finding: _ORDER[finding.severity])
