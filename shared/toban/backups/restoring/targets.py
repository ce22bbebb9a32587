"""Which target a restore loads: as requested, or the profile's staging target."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from toban.backups.catalogue.manifest import Manifest
from toban.backups.policy.restores import Restore
from toban.backups.section import BACKUP, NOTHING
from toban.ports.backup import Spec
from toban.profile.profile import Profile
from toban.sources.base import StagingTarget, source_kinds


def staging_of(profile: Profile, source: str) -> StagingTarget | None:
    """Return where the profile loads a source for restore tests, or None."""
    test = (profile[BACKUP] or NOTHING).restore_test
    return next((t for t in (test.targets if test else ()) if t.source == source), None)


def unknown_options(kind: str, options: Iterable[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return those options that no target of the kind has, and those that it has."""
    section = source_kinds().get(kind)
    known = section.TO if section is not None else ()
    return [name for name in options if known and name not in known], known


def target_spec(
    restore: Restore, staging: StagingTarget | None, manifest: Manifest | None = None
) -> Spec:
    """
    Return the spec of a restore's target: as requested, else the profile's staging target.

    `staging` is what `staging_of` returned; `manifest`: of the backup, where it is known. Raises `ValueError` when no target is named and there
    is no staging target. A staging target may be emptied again, which its options say.
    """
    options: dict[str, object] = dict(restore.target)
    wrong, known = unknown_options(restore.kind, options)
    if wrong:
        raise ValueError(f"a target of kind {restore.kind} has no {wrong[0]!r}: {', '.join(known)}")
    if not options:
        if staging is None:
            raise ValueError(f"no target was named, and the profile has none for {restore.source}")
        said = msgspec.to_builtins(staging)
        options = {k: v for k, v in said.items() if v and k not in ("source", "queries")}
        options["staging"] = True
    if manifest is not None and manifest.server:
        options["recorded"] = manifest.server
    options["restore_id"] = restore.id
    options["purpose"] = restore.purpose
    options["attempt"] = restore.fence
    if restore.onto_source:
        options["overwrite"] = "true"
    return Spec(restore.kind, options)
