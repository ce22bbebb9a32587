"""What triage makes of a report: whose it is, which alert, and what of it is kept."""

from __future__ import annotations

from typing import TypeVar

from toban.events import AlertReport
from toban.incidents.documents import Alert, AlertStatus
from toban.incidents.grouping.section import Grouping
from toban.incidents.opening.occurrences import ReportedTimes
from toban.kernel.secrecy.masking import masked
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import severity_for

R = TypeVar("R", bound=AlertReport)

MAX_SUMMARY = 1_500
MAX_LINKS = 5
MAX_LABELS_BYTES = 12_000
"""What an incident takes over of its first alert: it travels in every event of the incident, which
stays below 64 KB with all else that it says. The alert itself keeps the rest."""


def summary_of(report: AlertReport) -> str:
    """Return the summary, within `MAX_SUMMARY`; one that was cut ends in ``…``."""
    summary = report.summary
    return summary if len(summary) <= MAX_SUMMARY else summary[: MAX_SUMMARY - 1].rstrip() + "…"


def first_labels(labels: dict[str, str]) -> dict[str, str]:
    """Return the first of the labels, within `MAX_LABELS_BYTES`."""
    kept, size = {}, 0
    for name, value in labels.items():
        size += len(name.encode()) + len(value.encode())
        if size > MAX_LABELS_BYTES:
            break
        kept[name] = value
    return kept


def without_credentials(report: R) -> R:
    """
    Return a report as it may be kept.

    The edge masks what senders say; our own reports (backups) quote errors, and an earlier release
    masked nothing.
    """
    return masked(report, "source", "fingerprint")


def group_key(report: AlertReport, grouping: Grouping) -> str:
    """Return what alerts of one incident have in common, readable."""
    own = {"rule": report.rule, "source": report.labels.get("source") or report.source}
    values = ((name, own.get(name) or report.labels.get(name, "")) for name in grouping.by)
    return ",".join(f"{name}={value}" for name, value in values)[:500]


def alert_of(
    report: AlertReport,
    said: ReportedTimes,
    profile: Profile,
    environment: str,
    status: AlertStatus,
    id: str,
) -> Alert:
    """Return the alert as its first report has it, or the first of a new occurrence."""
    severity = severity_for(profile, report.severity)
    return Alert(
        id=id,
        service=profile[SERVICE].id,
        source=report.source,
        fingerprint=report.fingerprint,
        rule=report.rule,
        title=report.title,
        status=status,
        severity=severity.level,
        severity_label=severity.label,
        starts_at=said.start,
        heard_at=said.heard,
        labels=report.labels,
        environment=environment,
    )
