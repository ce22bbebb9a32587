"""The settings of channels, read from the environment once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated

import msgspec

from toban.kernel import config
from toban.kernel.binding import provides
from toban.kernel.outgoing import PUBLIC_URL
from toban.kernel.platform import Platform
from toban.ports import Secrets


class ChannelConfig(msgspec.Struct, frozen=True):
    """The settings of channels. Each field ``x`` is the variable ``TOBAN_X``."""

    slack_base_url: str = "https://slack.com/api/"
    smtp_host: str = ""
    """Empty: email is not configured, and falls back."""
    smtp_port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 587
    smtp_user: str = ""
    """With it the secret ``SMTP_PASSWORD`` is used to log in."""
    smtp_starttls: bool = True
    """False: speak in the clear. A server on this very machine need not offer it either way."""
    smtp_from: str = ""
    """Sender for email channels that name none."""
    public_url: str = ""
    """Where `ingest_action` answers; empty: no one-click links."""
    allow_http_webhooks: bool = False
    """Webhooks may be http:// and private addresses on this very machine."""
    outbox: bool = True
    """What a channel that is not configured would send is kept on this machine (`toban outbox`)."""
    environment: str = ""
    """``local`` on a laptop (assumed where this is not set and no Cloud Run runs us)."""
    in_cloud: str = msgspec.field(default="", name="K_SERVICE")

    @property
    def is_local(self) -> bool:
        """Return whether webhooks may call addresses on this machine."""
        unset = not self.environment and not self.in_cloud
        return self.allow_http_webhooks or self.environment == "local" or unset


def read_config(environ: Mapping[str, str] = os.environ) -> ChannelConfig:
    """
    Return the channels' settings.

    Raises `toban.kernel.config.ConfigError` naming every malformed variable.
    """
    return config.read(ChannelConfig, environ)


@provides(PUBLIC_URL)
def public_url(_platform: Platform, _secrets: Secrets) -> str:
    """Return the address to which one-click links lead; raises as `read_config` does."""
    return read_config().public_url
