"""`toban check`: the profiles, or (``--store``) what is kept."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from toban.cli.kit.places.settings import tell_in_vain
from toban.cli.kit.profiles import is_set
from toban.cli.kit.terminal import Problem, Terminal
from toban.profile.profile import Profile
from toban.sections.files import check_directory, check_file
from toban.sections.load import profile_files
from toban.sections.secrets import UnsetSecret
from toban.strictyaml.findings import FileErrors, Finding

_COLORS = {"error": "red", "warning": "yellow", "info": "dim"}


def check(asked: argparse.Namespace, terminal: Terminal) -> int:
    """
    Show everything questionable about profiles, with file and line; or (``--store``) in the
    store. Without files: about all that would be in force after `toban apply`. A secret without a
    value here is a warning: the profile may be meant for elsewhere.
    """
    if asked.store:
        from toban.cli.check.store import check_store

        return check_store(asked, terminal)
    findings: list[Finding] = []
    if asked.files:
        for path in asked.files:
            try:
                findings += (
                    check_directory(path, is_set) if path.is_dir() else check_file(path, is_set)
                )
            except FileErrors as unloaded:
                findings += unloaded.findings
    else:
        findings = check_directory(asked.services, is_set, _in_force(asked, terminal))
    errors = sum(f.severity == "error" for f in findings)
    if asked.json:
        terminal.json([_view(finding, terminal) for finding in findings])
        return 1 if errors else 0
    unset = [finding for finding in findings if isinstance(finding, UnsetSecret)]
    findings = [finding for finding in findings if not isinstance(finding, UnsetSecret)]
    for finding in findings:
        terminal.line(terminal.paint(finding.render(terminal.language), _COLORS[finding.severity]))
    _tell_unset(unset, terminal)
    if asked.env_file and asked.data is not None and not asked.project:
        directories = [path for path in asked.files or [asked.services] if path.is_dir()]
        tell_in_vain(asked.data, directories, terminal)
    warnings = sum(f.severity == "warning" for f in findings)
    if errors:
        terminal.line(terminal.say("check.bad", errors=errors, warnings=warnings))
        return 1
    count = len(asked.files or profile_files(asked.services))
    terminal.line(terminal.say("check.good", n=count, warnings=warnings))
    return 0


def _tell_unset(unset: list[UnsetSecret], terminal: Terminal) -> None:
    """A line for each file: what is only not set here must not hide what is wrong."""
    for file in dict.fromkeys(finding.file for finding in unset):
        here = [finding for finding in unset if finding.file == file]
        words = ", ".join(
            terminal.say("check.unset.at", name=each.name, line=each.line) for each in here
        )
        said = terminal.say("check.unset", file=file, n=len(here), words=words)
        terminal.line(terminal.paint(said, _COLORS["warning"]))


def _in_force(asked: argparse.Namespace, terminal: Terminal) -> Mapping[str, Profile]:
    """
    The profiles in the store, as far as there is one and it can be read: what has no file there
    stays in force when the files are applied.
    """
    from toban.cli.kit.places.local import exists
    from toban.cli.kit.session import session

    found: Mapping[str, Profile] = {}
    if not asked.project and not exists(asked.data):
        return found
    try:
        with session(asked, terminal) as work:
            found = work.reader.profiles()
    except Problem as problem:
        if asked.project:
            raise
        terminal.note(terminal.say("check.without-store", why=problem))
    return found


def _view(finding: Finding, terminal: Terminal) -> dict[str, object]:
    return {
        "severity": finding.severity,
        "code": finding.code,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "path": finding.path,
        "message": finding.message.say(terminal.language),
    }
