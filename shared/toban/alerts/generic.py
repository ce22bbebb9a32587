"""
The generic ingress: our own small JSON, for whatever can send a signed request.

One object, or an array of them; docs/ingress.md has the table of fields. Unlike the formats of
others this one is ours, so a key that is not in it is a mistake of the sender and refused.
"""

from __future__ import annotations

from typing import Any

from toban.alerts.report import Labels, RawAlert, Status, fingerprint_of_labels
from toban.kernel.edge import fields as read

SOURCE = "generic"

FIELDS = (
    "rule",
    "title",
    "summary",
    "severity",
    "status",
    "fingerprint",
    "labels",
    "starts_at",
    "ends_at",
    "value",
    "threshold",
    "links",
    "id",
)
_LINK_FIELDS = ("title", "url")


def reports(body: Any, service: str) -> list[RawAlert]:
    """Return one report for each object. Raises `InvalidField`."""
    if isinstance(body, list):
        return [
            _report(read.as_object(item, f"[{index}]"), f"[{index}]", service)
            for index, item in enumerate(body)
        ]
    return [_report(read.as_object(body, ""), "", service)]


def _report(alert: dict[str, Any], path: str, service: str) -> RawAlert:
    _known(alert, path, FIELDS)
    rule = _required(alert, "rule", path)
    title = _required(alert, "title", path)
    status = _status(alert, path)
    own = dict(read.texts(alert, "labels", path))
    labels = Labels()
    labels.add("source", SOURCE)
    labels.add("service", service)
    for name, value in own.items():
        labels.add(name, value, "sender_")
    ends_at = read.rfc3339(alert, "ends_at", path)
    if status == "firing":
        ends_at = None
    return RawAlert(
        source=SOURCE,
        status=status,
        fingerprint=read.strict_text(alert, "fingerprint", path).strip()
        or fingerprint_of_labels(own.items(), rule),
        rule=rule,
        title=title,
        summary=read.strict_text(alert, "summary", path),
        severity=read.text(alert, "severity", path),
        labels=labels.kept,
        starts_at=read.rfc3339(alert, "starts_at", path),
        ends_at=ends_at,
        value=read.text(alert, "value", path),
        threshold=read.text(alert, "threshold", path),
        links=_links(alert, path),
        sender_id=read.text(alert, "id", path),
    )


def _required(alert: dict[str, Any], name: str, path: str) -> str:
    if name not in alert:
        raise read.InvalidField(f"{read.join(path, name)}: is missing")
    if not isinstance(alert[name], str):
        raise read.misfit(read.join(path, name), "a string", alert[name])
    return read.required_text(alert, name, path)


def _status(alert: dict[str, Any], path: str) -> Status:
    value = alert.get("status")
    if value == "firing":
        return "firing"
    if value == "resolved":
        return "resolved"
    raise read.InvalidField(f"{read.join(path, 'status')}: expected firing or resolved")


def _links(alert: dict[str, Any], path: str) -> tuple[tuple[str, str], ...]:
    value = alert.get("links")
    if value is None:
        return ()
    place = read.join(path, "links")
    found = []
    for index, item in enumerate(read.as_list(value, place)):
        here = f"{place}[{index}]"
        link = read.as_object(item, here)
        _known(link, here, _LINK_FIELDS)
        found.append((read.strict_text(link, "title", here), _required(link, "url", here)))
    return tuple(found)


def _known(given: dict[str, Any], path: str, known: tuple[str, ...]) -> None:
    strange = [name for name in given if name not in known]
    if not strange:
        return
    from difflib import get_close_matches  # only who misspells pays for the import

    told = []
    for name in strange[:5]:
        near = get_close_matches(name[:80].lower(), known, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        told.append(f"{read.join(path, name[:80])}: unknown key{hint}")
    raise read.InvalidField("; ".join(told))
