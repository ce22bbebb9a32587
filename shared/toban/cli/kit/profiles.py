"""The profiles in a directory."""

from __future__ import annotations

from pathlib import Path

from toban.cli.kit.terminal import Problem, Terminal
from toban.profile.profile import Profile
from toban.sections.load import load_directory
from toban.strictyaml.findings import FileErrors


def loaded(services: Path, terminal: Terminal) -> dict[str, Profile]:
    """Return the profiles of a directory; `Problem` with every error of loading."""
    try:
        return load_directory(services)
    except FileErrors as errors:
        lines = [finding.render(terminal.language) for finding in errors.findings]
        raise Problem("\n  ".join(lines), 2) from errors
