"""`toban plan` and `toban apply`."""

from __future__ import annotations

import argparse
from collections.abc import Collection

from toban.cli.kit.profiles import is_set, loaded
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now
from toban.cli.profiles.beside import tell_beside
from toban.kernel.documents import Documents
from toban.profile import store
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import ProfileChange
from toban.sections.files import check_directory
from toban.sections.secrets import places


def apply(asked: argparse.Namespace, terminal: Terminal) -> int:
    """
    Write the profiles to a store, or show what would change.

    To that of the data directory, where schedules need no jobs; or to a Google Cloud project
    (`toban.cli.profiles.cloud`), where they do.
    """
    from toban.cli.kit.places import local
    from toban.cli.profiles import cloud

    place = cloud.place_of(asked, terminal)
    profiles = loaded(asked.services, terminal).values()
    bad = [f for f in check_directory(asked.services) if f.severity == "error"]
    if bad:
        lines = [finding.render(terminal.language) for finding in bad]
        raise Problem("\n  ".join(lines))
    if place is not None:
        return cloud.reconcile(asked, terminal, place, profiles)
    local.require_here(asked.data, terminal)
    changes = _apply_here(asked, terminal, profiles)
    without = {
        profile[SERVICE].id: [name for name in places(profile) if not is_set(name)]
        for profile in profiles
    }
    if asked.json:
        views = cloud.profile_views(changes)
        missing = ({"secrets_unset": without.get(change.service, [])} for change in changes)
        terminal.json([view | more for view, more in zip(views, missing, strict=True)])
        return cloud.exit_code(asked, changes)
    cloud.profile_table(terminal, changes)
    for service, names in without.items():
        if names:
            words = ", ".join(f"TOBAN_SECRET_{name}" for name in names)
            terminal.note(terminal.say("apply.unset", service=service, n=len(names), words=words))
    done = "apply.dry" if asked.dry_run else "apply.done"
    terminal.line(terminal.say(done, data=asked.data))
    return cloud.exit_code(asked, changes)


def _apply_here(
    asked: argparse.Namespace, terminal: Terminal, profiles: Collection[Profile]
) -> list[ProfileChange]:
    from toban.adapters.local.memory.store import MemoryStore
    from toban.adapters.local.sqlite.database import SqliteDatabase
    from toban.adapters.local.sqlite.store import SqliteStore
    from toban.cli.kit.places import local

    if asked.dry_run and not local.exists(asked.data):
        return store.plan(Documents(MemoryStore(), now()), profiles)
    asked.data.mkdir(parents=True, exist_ok=True)
    database = SqliteDatabase(asked.data / "toban.db")
    try:
        opened = SqliteStore(database)
        read = Documents(opened, now())
        changes = store.plan(read, profiles)
        tell_beside(asked, terminal, read, changes)
        return changes if asked.dry_run else store.apply(opened, profiles, now())
    finally:
        database.close()
