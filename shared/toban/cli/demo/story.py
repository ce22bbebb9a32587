"""
`toban demo`: an incident from the alert to the postmortem, over real HTTP, and a backup from the
moment it is due to the day it is needed.

Everything that is printed about what happened is read from the store of the runtime that was
played on; only the explanations are ours.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from toban.cli.demo import backup as demo_backup
from toban.cli.demo.stage import DemoRuntime, profiles_of, running, shortened
from toban.cli.demo.standins import ReceivedMail
from toban.cli.incidents.commands import tell
from toban.cli.incidents.views import count_alerts, incidents, next_step
from toban.cli.kit.session import new_event
from toban.cli.kit.terminal import Problem, Terminal, printable
from toban.cli.kit.views import never_tried, notifications, status_word
from toban.cli.send import samples
from toban.cli.send.commands import credentials, post
from toban.cli.trace.commands import drawn
from toban.events import CommandIssued
from toban.incidents.documents import Alert, Incident
from toban.kernel.event import to_message
from toban.kernel.i18n import duration
from toban.notify.documents import Notification
from toban.oncall.section import ONCALL
from toban.oncall.shifts import who_is_on_duty
from toban.people.section import PEOPLE
from toban.profile import section

SERVICE = "tokyo-ai-chat"
REPAIR_S = 1.5
"""How long the person of the story works."""


def run(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Play the story and tell it."""
    began = time.monotonic()
    data = asked.data or Path(tempfile.mkdtemp(prefix="toban-demo-"))
    data = data.absolute()
    services = data / "services"
    steps = shortened(profiles_of(asked), services, SERVICE, terminal)
    terminal.line(terminal.paint(terminal.say("demo.title"), "bold"))
    terminal.line(terminal.say("demo.intro", data=data))
    before = ", ".join(duration(terminal.language, s) for s, _ in steps)
    after = ", ".join(duration(terminal.language, s) for _, s in steps)
    terminal.line(terminal.say("demo.shortened", before=before, after=after, services=services))
    terminal.line()
    with running(data, services, terminal) as stage:
        story = DemoStory(stage, terminal)
        incident = story.play()
    terminal.line()
    _told(story, incident, terminal, data, time.monotonic() - began)
    return 0


@dataclass
class DemoStory:
    """The scenes of the demo, in order."""

    stage: DemoRuntime
    terminal: Terminal
    service: str = SERVICE
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)
    first_event: str = ""
    second: str = ""
    """Who is called by the second escalation step."""
    known: set[str] = field(default_factory=set)
    """Notifications that were shown already."""

    def play(self) -> Incident:
        """All of it; the incident as it is at the end."""
        self.on_duty()
        began = datetime.now(UTC)
        incident_id = self.alert_fires(began)
        self.the_same_again(began, incident_id)
        self.more_alerts(began, incident_id)
        self.nobody_answers(incident_id)
        self.acknowledged(incident_id)
        self.noted(incident_id)
        self.recovers(began, incident_id)
        demo_backup.play(self)
        return self.incident(incident_id)

    # --- scenes --------------------------------------------------------------------------------

    def on_duty(self) -> None:
        """Who would be called now."""
        profile = self.stage.reader.profiles()[SERVICE]
        took = f"{self.stage.started_in.total_seconds():.1f}"
        self.scene("demo.ready", url=self.stage.url, seconds=took)
        rotation = profile[ONCALL]
        if rotation is None:
            return
        duty = who_is_on_duty(rotation, profile[section.SERVICE].timezone, datetime.now(UTC))
        self.second = duty.secondary or duty.primary or ""
        names = [
            profile[PEOPLE][person].name if person else "-"
            for person in (duty.primary, duty.secondary)
        ]
        self.fact("demo.duty", primary=names[0], secondary=names[1])

    def alert_fires(self, began: datetime) -> str:
        """The first alert; returns the id of its incident."""
        body = samples.cloud_monitoring(self.nonce, began)
        self.scene("demo.fires")
        answer = self.post("cloud-monitoring", "INGEST_CLOUD_MONITORING", body)
        self.first_event = answer["events"][0]
        fingerprint = body["incident"]["incident_id"]
        alert = self.stage.until(lambda: self.alert(fingerprint), "the alert")
        incident = self.incident(str(alert.incident))
        self.settled()
        after = (incident.opened_at - began).total_seconds() * 1000
        self.fact(
            "demo.opened",
            id=incident.id,
            severity=incident.severity_label,
            title=printable(incident.title),
            ms=f"{after:.0f}",
        )
        self.notifications(incident.id)
        return incident.id

    def the_same_again(self, began: datetime, incident_id: str) -> None:
        """A repetition, which changes nothing."""
        before = notifications(self.stage.reader, incident_id)
        self.scene("demo.again")
        body = samples.cloud_monitoring(self.nonce, began)
        self.post("cloud-monitoring", "INGEST_CLOUD_MONITORING", body)
        self.settled()
        incident = self.incident(incident_id)
        self.fact(
            "demo.unchanged",
            incidents=len(incidents(self.stage.reader, began, status="open", service=SERVICE)),
            alerts=count_alerts(self.stage.reader, incident),
            more=len(notifications(self.stage.reader, incident_id)) - len(before),
        )

    def more_alerts(self, began: datetime, incident_id: str) -> None:
        """Alerts of another monitor, which join."""
        self.scene("demo.more")
        answer = self.post(
            "alertmanager", "INGEST_ALERTMANAGER", samples.alertmanager(self.nonce, began)
        )
        self.settled()
        incident = self.incident(incident_id)
        self.fact(
            "demo.joined",
            n=answer["accepted"],
            id=incident_id,
            alerts=count_alerts(self.stage.reader, incident),
        )

    def nobody_answers(self, incident_id: str) -> None:
        """The next escalation step."""
        following = next_step(self.stage.reader, self.incident(incident_id))
        if following is not None:
            left = (following.at - datetime.now(UTC)).total_seconds()
            self.scene(
                "demo.waiting",
                step=following.number,
                seconds=f"{max(left, 0):.0f}",
                who=", ".join(following.calls),
            )
        self.stage.until(lambda: self.incident(incident_id).step >= 1, "the escalation")
        self.settled()
        self.fact("demo.escalated", step=self.incident(incident_id).step + 1)
        self.notifications(incident_id)

    def acknowledged(self, incident_id: str) -> None:
        """A person clicks the link they were sent."""
        mail = self.stage.until(self.mail_to_the_second, "a mail with a link")
        link = next(link for link in mail.links if self.asks(link))
        self.scene("demo.link", who=", ".join(mail.to), subject=printable(mail.subject))
        status = self.incident(incident_id).status
        self.fact("demo.looked", status=self.terminal.say(f"status.{status}"))
        code, answer = post(link, b"", {}, self.terminal)
        if code != 200:
            raise Problem(f"{urllib.parse.urlsplit(link).path}: {code} {answer[:200]}")
        self.stage.until(
            lambda: self.incident(incident_id).status == "acknowledged", "the acknowledgement"
        )
        self.settled()
        incident = self.incident(incident_id)
        assert incident.acknowledged_at is not None
        took = (incident.acknowledged_at - incident.opened_at).total_seconds()
        self.fact(
            "demo.acknowledged",
            who=printable(incident.assignee),
            after=duration(self.terminal.language, took),
        )
        self.notifications(incident_id)

    def noted(self, incident_id: str) -> None:
        """The person writes down what they found, by the command line."""
        incident = self.incident(incident_id)
        note = self.terminal.say("demo.note.text")
        self.scene("demo.note", command=f"toban incidents note {incident_id} …")
        command = CommandIssued(
            about=f"incidents/{incident_id}",
            incident_id=incident_id,
            action="note",
            actor=incident.assignee,
            proof=f"local:{incident.assignee}",
            via="cli",
            at=datetime.now(UTC),
            note=note,
        )
        self.stage.bus.publish([to_message(new_event(command, datetime.now(UTC)))])
        self.stage.until(
            lambda: any(e.kind == "note" for e in self.incident(incident_id).timeline), "the note"
        )
        self.fact("demo.noted", note=note)
        time.sleep(REPAIR_S)

    def recovers(self, began: datetime, incident_id: str) -> None:
        """All clear, and the postmortem."""
        now = datetime.now(UTC)
        self.scene("demo.recovers")
        body = samples.cloud_monitoring(self.nonce, now, state="closed", started=began)
        self.post("cloud-monitoring", "INGEST_CLOUD_MONITORING", body)
        group = samples.alertmanager(self.nonce, began)
        for alert in group["alerts"]:
            alert |= {"status": "resolved", "endsAt": now.isoformat().replace("+00:00", "Z")}
        self.post("alertmanager", "INGEST_ALERTMANAGER", {**group, "status": "resolved"})
        self.stage.until(lambda: self.incident(incident_id).postmortem, "the postmortem")
        self.settled()
        incident = self.incident(incident_id)
        assert incident.resolved_at is not None
        took = (incident.resolved_at - incident.opened_at).total_seconds()
        self.fact("demo.resolved", after=duration(self.terminal.language, took))
        self.notifications(incident_id)
        self.fact("demo.drafted", blob=incident.postmortem)

    # --- means ---------------------------------------------------------------------------------

    def post(self, kind: str, secret: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send as the monitor would; what was answered."""
        import json

        raw = json.dumps(body).encode()
        query, headers = credentials(kind, self.stage.secret(secret), raw, datetime.now(UTC))
        place = f"{self.stage.url}/ingest_alert/{kind}"
        status, answer = post(
            f"{place}?{urllib.parse.urlencode(query)}", raw, headers, self.terminal
        )
        self.fact("demo.posted", path=f"/ingest_alert/{kind}", status=status)
        if status != 200:
            raise Problem(
                self.terminal.say("send.refused", url=place, status=status, body=answer[:300])
            )
        said: dict[str, Any] = json.loads(answer)
        return said

    def asks(self, link: str) -> bool:
        """Whether opening the link shows the page that asks (and, being a GET, does nothing)."""
        import base64
        import json

        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(link, timeout=10) as page:
            page.read()
        payload = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["c"][0]
        said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return bool(said["action"] == "acknowledge")

    def mail_to_the_second(self) -> ReceivedMail | None:
        """The newest mail with a link that went to whoever the escalation called in."""
        profile = self.stage.reader.profiles()[SERVICE]
        wanted = {profile[PEOPLE][self.second].email} if self.second else set()
        mails = [m for m in self.stage.standins.received.mails if m.links and wanted & set(m.to)]
        return mails[-1] if mails else None

    def alert(self, fingerprint: str) -> Alert | None:
        """The alert, once it has an incident."""
        found = self.stage.reader.find(Alert, ("fingerprint", "==", fingerprint))
        return found[0] if found and found[0].incident else None

    def incident(self, id_: str) -> Incident:
        """The incident as it is now."""
        found = self.stage.reader.get(Incident, id_)
        assert found is not None
        return found

    def settled(self) -> None:
        """Wait until everything that was set in motion has been handled."""
        self.stage.until(self.stage.quiet, "the queue")

    def notifications(self, incident_id: str) -> None:
        """Show the notifications that were not shown yet."""
        for n in notifications(self.stage.reader, incident_id):
            if n.id not in self.known and not never_tried(n):
                self.known.add(n.id)
                status = self.terminal.say(f"notification.{status_word(n)}")
                self.fact("demo.notified", who=_whom(n), status=status)

    def scene(self, key: str, **values: object) -> None:
        """What is about to happen."""
        # The clock of everything that is shown afterwards, whatever this machine's may be.
        clock = datetime.now(ZoneInfo(self.stage.reader.zone(SERVICE))).strftime("%H:%M:%S")
        text = self.terminal.say(key, **values)
        self.terminal.line(
            f"{self.terminal.paint(clock, 'dim')}  {self.terminal.paint(text, 'bold')}"
        )

    def fact(self, key: str, **values: object) -> None:
        """What the store (or an answer) says."""
        self.terminal.line(f"          {self.terminal.say(key, **values)}")


def _program() -> str:
    """How the reader calls `toban`: by name where it is on the path."""
    found = Path(sys.argv[0])
    if shutil.which("toban") or found.name != "toban":
        return "toban"
    return os.path.relpath(found)


def _whom(notification: Notification) -> str:
    name = printable(notification.target_name or notification.target)
    details = [notification.channel] if name != notification.channel else []
    details += [printable(notification.address)] if notification.address else []
    return f"{name} ({', '.join(details)})" if details else name


def _told(
    story: DemoStory,
    incident: Incident,
    terminal: Terminal,
    data: Path,
    seconds: float,
) -> None:
    """The end: what happened, as a person would like to read it, and what to try next."""
    from toban.cli.kit.places import local
    from toban.cli.trace.commands import stories

    def heading(key: str) -> None:
        terminal.line(terminal.paint(terminal.say(key), "bold", "cyan"))

    with local.opened(data, terminal) as work:
        reader = work.reader
        heading("demo.what-happened")
        tell(reader, incident, terminal)
        terminal.line()
        heading("demo.what-caused")
        found = stories(work.traces(), reader, story.first_event)
        postmortem = work.url(incident.postmortem)
        zone = reader.zone(incident.service, incident.profile_version)
        for event in found:
            for line in drawn(event, terminal, zone, brief=True):
                terminal.line(f"  {line}")
        received = story.stage.standins.received
        terminal.line()
        terminal.line(
            terminal.say("demo.received", slack=len(received.slack), mails=len(received.mails))
        )
    terminal.line()
    heading("demo.postmortem")
    path = data / "blobs" / incident.postmortem
    lines = path.read_text(encoding="utf-8").splitlines()
    for line in lines[:16]:
        terminal.line(f"  {terminal.paint('|', 'dim')} {line}")
    terminal.line(f"  {terminal.paint('|', 'dim')} …")
    terminal.line(f"  {postmortem}")
    terminal.line()
    heading("demo.next")
    options = f"--data {data}"
    program = _program()
    for command, key in (
        (f"incidents show {incident.id} {options}", "demo.try.show"),
        (f"trace {incident.id} {options}", "demo.try.trace"),
        (f"notifications list {options}", "demo.try.notifications"),
        ("oncall", "demo.try.oncall"),
        ("dev", "demo.try.dev"),
    ):
        terminal.line(f"  {program} {command}")
        terminal.line(f"      {terminal.paint(terminal.say(key), 'dim')}")
    terminal.line()
    terminal.line(terminal.say("demo.done", seconds=f"{seconds:.0f}", data=data))
