"""A webhook as a kind of channel."""

from __future__ import annotations

from typing import ClassVar

from toban.channels.base import Channel
from toban.channels.webhook.address import fault_of
from toban.channels.webhook.texts import both
from toban.kernel.secrecy.masking import mask
from toban.strictyaml.report import Report
from toban.strictyaml.values import SecretName


class WebhookChannel(Channel, frozen=True, tag="webhook", tag_field="type"):
    """A channel by signed JSON POST to `url` (or to the URL held by a secret)."""

    RANK: ClassVar[int] = 30

    url: str = ""
    url_secret: SecretName = ""
    signing_secret: SecretName = ""

    def check(self, path: str, report: Report) -> None:
        """See `Channel.check`."""
        fault = fault_of(self.url) if self.url else None
        if fault == "no-url":
            report.error("wrong-value", f"{path}.url", both("finding.webhook.wrong-value"))
        elif fault == "here":
            report.warning("forbidden-address", f"{path}.url", both("finding.webhook.here"))
        elif fault is None and mask(self.url) != self.url and "hooks.slack.com/" not in self.url:
            report.error("secret-name", f"{path}.url", both("finding.webhook.credentials"))
        elif fault is not None:
            report.error("forbidden-address", f"{path}.url", both(f"finding.webhook.{fault}"))
        if "hooks.slack.com/" in self.url:
            report.error(
                "secret-name",
                f"{path}.url",
                both("finding.webhook.secret-name"),
            )
        if bool(self.url) == bool(self.url_secret):
            report.incomplete(path, both("finding.webhook.url"))
