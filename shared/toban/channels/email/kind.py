"""Email as a kind of channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from toban.channels.base import Channel
from toban.channels.email.texts import both
from toban.strictyaml.report import Report
from toban.strictyaml.values import EmailAddress
from toban.texts import Both


class EmailChannel(Channel, frozen=True, tag="email", tag_field="type"):
    """A channel by email (SMTP). Without `to` it goes to the person who is the target."""

    RANK: ClassVar[int] = 20
    ROOM_KEY: ClassVar[str] = "to"
    ADDRESS: ClassVar[Both] = both("channels.email.address")

    to: tuple[EmailAddress, ...] = ()
    sender: EmailAddress = ""

    def room(self) -> str | None:
        """Return the recipients."""
        return ", ".join(self.to) if self.to else None

    def reaches(self, addresses: Mapping[str, str]) -> str | None:
        """Return the recipients, else the person's own address."""
        return ", ".join(self.to) or addresses.get("email") or None

    @property
    def shared(self) -> bool:
        """Return whether it has recipients of its own, whoever is called."""
        return bool(self.to)

    def lacks(self, is_set: Callable[[str], bool]) -> str:
        """Return the variable that names the mail relay, where it is not set."""
        return "" if is_set("TOBAN_SMTP_HOST") else "TOBAN_SMTP_HOST"

    def check(self, path: str, report: Report) -> None:
        """See `Channel.check`."""
        from toban.strictyaml.checks import check_email

        for number, address in enumerate(self.to):
            check_email(address, f"{path}.to[{number}]", report)
        if self.sender:
            check_email(self.sender, f"{path}.sender", report)
