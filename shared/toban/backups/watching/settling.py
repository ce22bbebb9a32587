"""Alerts that come and go with what a look finds."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from toban.backups.policy.alerts import BackupWatch, Trouble, fire, resolve
from toban.kernel.work import Work
from toban.profile.profile import Profile


def settle_alerts(
    found: Iterable[Trouble],
    rules: Collection[str],
    profile: Profile,
    watch: BackupWatch,
    work: Work,
    *,
    opens: bool = True,
) -> bool:
    """
    Open the alerts of these rules that a look has found, and close those that it has not; the
    caller puts `watch`.

    `opens`: whether it may open any. Returns whether there is trouble.
    """
    troubles = {trouble.fingerprint: trouble for trouble in found}
    if opens:
        for trouble in troubles.values():
            fire(trouble, profile, watch, work)
    for fingerprint in list(watch.open):
        if fingerprint.split("/")[0] in rules and fingerprint not in troubles:
            resolve(fingerprint, watch, work)
    return bool(troubles)
