"""Incidents as a list."""

from __future__ import annotations

from toban.cli.incidents.views import (
    CLOSED_UNHEARD,
    NextStep,
    count_alerts,
    is_closed_unheard,
    next_step,
    shown_status,
)
from toban.cli.kit.reader import StoreReader
from toban.cli.kit.terminal import Terminal
from toban.cli.kit.times import Times, due, now
from toban.cli.kit.views import in_environment
from toban.incidents.documents import Incident
from toban.kernel.i18n import moment

STATUS_COLORS = {"open": "red", "acknowledged": "yellow", "resolved": "green"}


def table(reader: StoreReader, found: list[Incident], terminal: Terminal) -> None:
    """Write them as a list."""
    zones = {i.id: reader.zone(i.service, i.profile_version) for i in found}
    times = Times((i.opened_at, zones[i.id]) for i in found)
    titles = terminal.titles(
        "id", "severity", "status", "next", "opened", "service", "alerts", "assignee", "title",
        opened=times.title,
    )  # fmt: skip
    rows = [
        [
            i.id,
            i.severity_label,
            terminal.say(f"status.{shown_status(i)}"),
            when(next_step(reader, i), terminal),
            times.written(i.opened_at, zones[i.id]),
            in_environment(i.service, i.environment),
            str(count_alerts(reader, i)),
            i.assignee or "-",
            _titled(i, terminal, zones[i.id]),
        ]
        for i in found
    ]
    colors = {**STATUS_COLORS, CLOSED_UNHEARD: "yellow"}
    statuses = {terminal.say(f"status.{s}"): c for s, c in colors.items()}
    terminal.table(titles, rows, {2: statuses}, flexible=8, spare=(6, 4, 3, 7, 5))


def _titled(incident: Incident, terminal: Terminal, zone: str) -> str:
    """The title, and since when nothing has been heard of what is open."""
    if incident.unheard_since is None or is_closed_unheard(incident):
        return incident.title
    since = moment(terminal.language, incident.unheard_since, zone)
    return terminal.say("list.unheard", since=since, title=incident.title)


def when(following: NextStep | None, terminal: Terminal) -> str:
    """Return when the next step is due."""
    return due(terminal, following.at, now()) if following else "-"
