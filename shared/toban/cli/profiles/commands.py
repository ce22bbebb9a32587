"""`toban check`, `toban plan` and `toban apply`."""

from __future__ import annotations

import argparse
from collections.abc import Collection

from toban.cli.kit.profiles import loaded
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now
from toban.kernel.documents import Documents
from toban.profile import store
from toban.profile.profile import Profile
from toban.profile.store import Change
from toban.sections.files import check_directory, check_file
from toban.strictyaml.findings import FileErrors, Finding

_COLORS = {"error": "red", "warning": "yellow", "info": "dim"}


def check(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Everything questionable about profiles, with file and line; or (``--store``) in the store."""
    if asked.store:
        from toban.cli.profiles.store_checks import check_store

        return check_store(asked, terminal)
    findings: list[Finding] = []
    if asked.files:
        for path in asked.files:
            try:
                findings += check_directory(path) if path.is_dir() else check_file(path)
            except FileErrors as unloaded:
                findings += unloaded.findings
    else:
        findings = check_directory(asked.services)
    errors = sum(f.severity == "error" for f in findings)
    if asked.json:
        terminal.json([_view(finding, terminal) for finding in findings])
        return 1 if errors else 0
    for finding in findings:
        terminal.line(terminal.paint(finding.render(terminal.language), _COLORS[finding.severity]))
    warnings = sum(f.severity == "warning" for f in findings)
    if errors:
        terminal.line(terminal.say("check.bad", errors=errors, warnings=warnings))
        return 1
    count = len(asked.files) or sum(
        path.suffix in {".yaml", ".yml"} for path in asked.services.iterdir()
    )
    terminal.line(terminal.say("check.good", n=count, warnings=warnings))
    return 0


def _view(finding: Finding, terminal: Terminal) -> dict[str, object]:
    return {
        "severity": finding.severity,
        "code": finding.code,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "path": finding.path,
        "message": finding.message(terminal.language),
    }


def apply(asked: argparse.Namespace, terminal: Terminal) -> int:
    """
    Write the profiles to a store, or show what would change.

    To that of the data directory, where schedules need no jobs; or to a Google Cloud project
    (`toban.cli.cloud`), where they do.
    """
    from toban.cli.profiles import cloud

    place = cloud.place_of(asked, terminal)
    profiles = loaded(asked.services, terminal).values()
    bad = [f for f in check_directory(asked.services) if f.severity == "error"]
    if bad:
        lines = [finding.render(terminal.language) for finding in bad]
        raise Problem("\n  ".join(lines))
    if place is not None:
        return cloud.reconcile(asked, terminal, place, profiles)
    changes = _apply_here(asked, profiles)
    if asked.json:
        terminal.json(cloud.profile_views(changes))
        return 0
    cloud.profile_table(terminal, changes)
    done = "apply.dry" if asked.dry_run else "apply.done"
    terminal.line(terminal.say(done, data=asked.data))
    return 0


def _apply_here(asked: argparse.Namespace, profiles: Collection[Profile]) -> list[Change]:
    from toban.adapters.local.memory.store import MemoryStore
    from toban.adapters.local.sqlite.database import Database
    from toban.adapters.local.sqlite.store import SqliteStore
    from toban.cli.kit.places import local

    if asked.dry_run and not local.exists(asked.data):
        return store.plan(Documents(MemoryStore(), now()), profiles)
    asked.data.mkdir(parents=True, exist_ok=True)
    database = Database(asked.data / "toban.db")
    try:
        opened = SqliteStore(database)
        if asked.dry_run:
            return store.plan(Documents(opened, now()), profiles)
        return store.apply(opened, profiles, now())
    finally:
        database.close()
