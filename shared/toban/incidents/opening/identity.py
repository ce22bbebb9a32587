"""Which alert a report is about: its service, its id, and the document that is stored of it."""

from __future__ import annotations

from collections.abc import Mapping

from toban.events import AlertReport, AlertResolved
from toban.incidents.documents import Alert
from toban.kernel import log
from toban.kernel.environment import PRODUCTION
from toban.kernel.ids import derive
from toban.kernel.work import Work
from toban.profile.builtin import BUILTIN, BUILTIN_VERSION
from toban.profile.match import default_service, match_service
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.profile.store import CurrentProfile, current


def alert_id(report: AlertReport, environment: str = PRODUCTION, service: str = "") -> str:
    """
    Return the id of the alert; fingerprints of two senders or environments never collide.

    `service`: where the id without it is that of another service's alert (`stored_alert`).
    """
    named = (report.labels.get("service", ""), report.fingerprint)
    more = () if environment == PRODUCTION else (environment,)
    apart = (f"service/{service}",) if service else ()
    return derive("alert", report.source, *named, *more, *apart)


def responsible(report: AlertReport, work: Work) -> tuple[Profile, str]:
    """Return the profile (and its version) to which an alert belongs; there always is one."""
    profiles = current(work)
    service = _service_of(report.labels, profiles)
    named = report.labels.get("service", "")
    by_id = {id: document.profile for id, document in profiles.items()}
    if named and match_service(by_id, report.labels) is None:
        # A misspelt ``?service=`` or label: the sender is told 200, so that this is all it leaves.
        taken_by = service or BUILTIN[SERVICE].id
        work.after_commit(
            lambda: log.warning("alert names no service", named=named, taken_by=taken_by)
        )
    if service is None:
        return BUILTIN, BUILTIN_VERSION
    return profiles[service].profile, profiles[service].version


def _service_of(labels: Mapping[str, str], profiles: dict[str, CurrentProfile]) -> str | None:
    by_id = {id: document.profile for id, document in profiles.items()}
    return match_service(by_id, labels) or default_service(by_id)


def stored_alert(
    report: AlertReport,
    environment: str,
    profile: Profile,
    work: Work,
    *,
    likely_new: bool = False,
) -> tuple[str, Alert | None]:
    """
    Return the id of the alert that a report is about, and what is stored of it.

    Senders of two services may use one fingerprint, and labels without ``service`` tell them
    apart only by the profiles' ``match``. Whichever came first has the id that says nothing of its
    service, as every alert had that an earlier release stored; the other's says it. An alert
    that a new profile counts to another service stays the alert it was.
    """
    id = alert_id(report, environment)
    known = work.get_assuming_new(Alert, id) if likely_new else work.get(Alert, id)
    if known is None or _is_of(known, profile, work):
        return id, known
    own = alert_id(report, environment, profile[SERVICE].id)
    found = work.get(Alert, own)
    if found is None and isinstance(report, AlertResolved) and not _tells_service(report, work):
        return id, known  # some senders leave the labels out when it is over
    return own, found


def _is_of(alert: Alert, profile: Profile, work: Work) -> bool:
    service = profile[SERVICE].id
    if alert.service == service:
        return True
    counted = _service_of(alert.labels, current(work))
    return service == (BUILTIN[SERVICE].id if counted is None else counted)


def _tells_service(report: AlertReport, work: Work) -> bool:
    profiles = (document.profile for document in current(work).values())
    return match_service(profiles, report.labels) is not None
