"""The content of a mail, as text and as HTML."""

from __future__ import annotations

from dataclasses import dataclass

from toban.channels.email.kind import EmailChannel
from toban.channels.notice import Notice, PreparedNotification
from toban.channels.texts import text
from toban.kernel.outgoing import Outgoing, Rendition
from toban.kernel.templates import render


@dataclass(frozen=True, kw_only=True)
class Mail(Outgoing):
    """A message that is sent by email."""

    to: tuple[str, ...]
    sender: str = ""
    subject: str
    text: str
    html: str
    language: str = "ja"
    urgent: bool = False

    @property
    def destination(self) -> tuple[str, ...]:
        """The one mail relay."""
        return ("mail",)

    def rendition(self) -> Rendition:
        """Return the mail with both its texts."""
        return Rendition(
            to=", ".join(self.to), subject=self.subject, text=self.text, html=self.html
        )


def message(channel: EmailChannel, sending: PreparedNotification) -> Mail:
    """Return the mail for a notification."""
    notice = sending.notice
    return Mail(
        id=sending.id,
        incident=sending.incident,
        created_at=sending.created_at,
        unknown=sending.unknown,
        to=tuple(filter(None, (part.strip() for part in sending.address.split(",")))),
        sender=channel.sender,
        subject=notice.subject,
        text=as_text(notice),
        html=as_html(notice),
        language=notice.language,
        urgent=notice.urgent,
    )


def as_text(notice: Notice) -> str:
    """Return the whole notification as plain text."""
    language = notice.language
    service = (text(language, "notice.service"), notice.service)
    lines = [notice.headline, ""]
    lines += [f"{label}: {value}" for label, value in (*notice.rows, service)]
    lines += ["", f"{text(language, 'notice.next')}: {notice.hint}", *notice.notes]
    if notice.summary:
        lines += ["", notice.summary]
    if notice.actions:
        lines += ["", *(f"{action.title}: {action.url}" for action in notice.actions)]
    if notice.links:
        lines += ["", *(f"{link.title}: {link.url}" for link in notice.links)]
    if notice.labels:
        lines += ["", f"{text(language, 'notice.labels')}: {'  '.join(notice.labels)}"]
    lines += ["", "-- ", notice.footer]
    return "\n".join(lines) + "\n"


def as_html(notice: Notice) -> str:
    """
    Return the whole notification as HTML: tables and inline styles, as mail programs need them.

    No images, no scripts, no remote content; every value is escaped.
    """
    language = notice.language
    service = (text(language, "notice.service"), notice.service)
    return render(
        "toban.channels.email",
        "mail.html",
        language=language,
        color=notice.color,
        kicker=f"{notice.severity} · {notice.kind}",
        title=notice.title,
        rows=[*notice.rows, service],
        summary=notice.summary,
        hint=(text(language, "notice.next"), notice.hint),
        notes=notice.notes,
        actions=[(a.title, a.url) for a in notice.actions],
        links=[(link.title, link.url) for link in notice.links],
        labels=notice.labels,
        footer=notice.footer,
    )
