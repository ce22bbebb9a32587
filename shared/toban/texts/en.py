"""English."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "unit.days": "{n} d",
    "unit.hours": "{n} h",
    "unit.minutes": "{n} min",
    "unit.seconds": "{n} s",
    # --- notifications: what happened -----------------------------------------------------
    "notify.kind.opened": "incident opened",
    "notify.kind.escalated": "escalated to you",
    "notify.kind.raised": "severity raised",
    "notify.kind.joined": "another alert joined",
    "notify.kind.reopened": "incident reopened",
    "notify.kind.acknowledged": "acknowledged",
    "notify.kind.resolved": "resolved",
    "notify.headline": "{severity} {kind}: {title}",
    "notify.subject": "[{service}] {severity} {kind}: {title}",
    # --- notifications: fields ------------------------------------------------------------
    "notify.field.service": "Service",
    "notify.field.severity": "Severity",
    "notify.field.opened": "Opened",
    "notify.field.acknowledged": "Acknowledged",
    "notify.field.resolved": "Resolved",
    "notify.field.assignee": "Assignee",
    "notify.field.rules": "Rules",
    "notify.field.labels": "Labels",
    "notify.field.links": "Links",
    "notify.field.number": "Number",
    "notify.took": "{moment} (after {duration})",
    "notify.by": "{moment} ({who})",
    "notify.by_took": "{moment} ({who}, after {duration})",
    "notify.automatic": "automatic",
    # --- notifications: what next ---------------------------------------------------------
    "notify.next": "Next",
    "notify.next.deadline": "Escalates unless acknowledged by {deadline}.",
    "notify.next.acknowledge": "Acknowledge to stop the escalation.",
    "notify.next.last": "Acknowledge and take it from here.",
    "notify.next.acknowledged": "Resolve it when the work is done.",
    "notify.next.resolved": "It reopens by itself if the alert fires again.",
    "notify.next.postmortem": "A postmortem is due; a draft is on its way.",
    "notify.target": "Respond within {duration} (by {deadline})",
    "notify.action.acknowledge": "Acknowledge",
    "notify.action.resolve": "Resolve",
    "notify.unreached": "Could not be reached: {who}",
    "notify.fallback": "Sent this way because an earlier channel failed.",
    "notify.repetition": "This may be a repetition (#{number}): ignore it if you have it already.",
    "notify.footer": "Sent automatically by toban.",
    "notify.footer.person": "Sent automatically by toban to {name}.",
    # --- pages that reach nobody ----------------------------------------------------------
    "page.no-targets": "nobody is named for severity {severity}",
    "page.unreached": "{target}: {reason}",
}
