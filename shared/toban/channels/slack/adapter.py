"""
Slack, by bot token (chat.postMessage and chat.update) or by incoming webhook.

Slack knows no idempotency key. With a bot token a message carries the notification's id in its
metadata, so that whoever comes after a crash looks it up before posting
(https://docs.slack.dev/messaging/message-metadata). An incoming webhook cannot be asked: its
second copy says that it may be one.
"""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.error import URLError

from slack_sdk.errors import SlackApiError
from slack_sdk.web.client import WebClient
from slack_sdk.webhook.client import WebhookClient

from toban.channels.config import ChannelConfig
from toban.channels.secrets import not_set, secret
from toban.channels.slack.message import SlackMessage
from toban.channels.waiting import retry_after
from toban.kernel import log
from toban.kernel.handling.effect import Done, Failed, Result
from toban.kernel.outgoing import Outgoing
from toban.ports import Clock, Secrets

TIMEOUT_S = 10
UPDATE_TIMEOUT_S = 8
LOOKUP_TIMEOUT_S = 2
"""An update that fails, a look-up and a post together stay below the effect's lease of 30 s."""
LOOKUP_PAGES = 3
LOOKUP_PAGE_SIZE = 200
LOOKUP_MARGIN = timedelta(minutes=2)
"""Slack's clock and ours may differ by as much."""
EVENT_TYPE = "toban_notification"

_UNSETTLED = frozenset({"internal_error", "fatal_error", "request_timeout"})
"""Errors after which, says Slack, some of the operation may have succeeded."""
_AGAIN = _UNSETTLED | {"ratelimited", "rate_limited", "service_unavailable", "team_added_to_org"}
_NOT_UPDATABLE = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"}
)
_NOT_FOR_US = frozenset(
    {"missing_scope", "channel_not_found", "not_in_channel", "not_allowed_token_type"}
)

# The SDK logs what it sends at DEBUG and failures at ERROR; ours are in the notification's record.
_silent = logging.getLogger("toban.slack_sdk")
_silent.setLevel(logging.CRITICAL + 1)
_silent.propagate = False


class SlackSender:
    """Sends `SlackMessage`s."""

    def __init__(self, config: ChannelConfig, secrets: Secrets) -> None:
        self._config = config
        self._secrets = secrets

    def send(self, outgoing: Outgoing) -> Result:
        """See `toban.kernel.outgoing.Senders`."""
        assert isinstance(outgoing, SlackMessage)
        if outgoing.token_secret:
            token = secret(self._secrets, outgoing.token_secret)
            if token:
                return self._by_token(token, outgoing)
            if not outgoing.webhook_secret:
                return not_set(outgoing.token_secret)
        url = secret(self._secrets, outgoing.webhook_secret)
        if not url:
            return not_set(outgoing.webhook_secret or "for the Slack channel")
        return self._by_webhook(url, outgoing)

    # --- incoming webhook ----------------------------------------------------------------

    def _by_webhook(self, url: str, message: SlackMessage) -> Result:
        client = WebhookClient(url, timeout=TIMEOUT_S, logger=_silent, retry_handlers=[])
        client.proxy = None  # urllib reads the environment itself, NO_PROXY included
        try:
            answer = client.send_dict(message.body(repeated=message.unknown))
        except (OSError, http.client.HTTPException) as error:
            return failure(error)
        if answer.status_code == 200:
            return Done()
        return http_failure(answer.status_code, answer.body, answer.headers)

    # --- bot token -----------------------------------------------------------------------

    def _by_token(self, token: str, message: SlackMessage) -> Result:
        if not message.channel and not message.thread:
            return Failed("the Slack channel has a token but no channel", retryable=False)
        try:
            if message.update and message.thread:
                changed = self._update(token, message)
                if changed is not None:
                    return changed
            return self._post(token, message)
        except SlackApiError as error:
            return api_failure(error)
        except (OSError, http.client.HTTPException) as error:
            return failure(error)

    def _update(self, token: str, message: SlackMessage) -> Done | None:
        """Change the first message; None when it cannot be changed (any more)."""
        channel, ts = message.thread.split("/", 1)
        try:
            # Declaring the whole message: doing it twice is doing it once.
            self._client(token, UPDATE_TIMEOUT_S).chat_update(
                channel=channel, ts=ts, **message.body()
            )
        except SlackApiError as error:
            if _error(error) in _NOT_UPDATABLE:
                return None
            raise
        return Done(message.thread)

    def _post(self, token: str, message: SlackMessage) -> Done:
        channel, _, thread = message.thread.partition("/")
        channel = channel or message.channel
        repeated = False
        if message.unknown:
            found = self._look_up(token, message, channel, thread)
            if found:
                return Done(found)
            repeated = found is None
        answering: dict[str, Any] = {}
        if thread:
            # Later pages answer the first message, and are shown in the channel as well.
            answering = {"thread_ts": thread, "reply_broadcast": True}
        answer = self._client(token).chat_postMessage(
            channel=channel,
            link_names=False,
            metadata={
                "event_type": EVENT_TYPE,
                "event_payload": {
                    "notification_id": message.id,
                    "incident_id": message.incident,
                },
            },
            **answering,
            **message.body(repeated=repeated),
        )
        return Done(f"{answer.get('channel', channel)}/{answer.get('ts', '')}")

    def _look_up(self, token: str, message: SlackMessage, channel: str, thread: str) -> str | None:
        """
        Reference of the message if an earlier try posted it, ``""`` if none did.

        None when that cannot be told: the token may not read the channel, or the channel has
        moved on too far.
        """
        client = self._client(token, LOOKUP_TIMEOUT_S)
        oldest = f"{(message.created_at - LOOKUP_MARGIN).timestamp():.6f}"
        cursor: str | None = None
        for _ in range(LOOKUP_PAGES):
            query: dict[str, Any] = {
                "channel": channel,
                "oldest": oldest,
                "limit": LOOKUP_PAGE_SIZE,
                "include_all_metadata": True,
                "cursor": cursor,
            }
            try:
                answer = (
                    client.conversations_replies(ts=thread, **query)
                    if thread
                    else client.conversations_history(**query)
                )
            except SlackApiError as error:
                if _error(error) in _NOT_FOR_US:
                    log.warning("Slack message lookup failed", reason=_error(error))
                    return None
                raise
            messages: list[dict[str, Any]] = answer.get("messages", [])
            for found in messages:
                payload = (found.get("metadata") or {}).get("event_payload") or {}
                if payload.get("notification_id") == message.id:
                    return f"{channel}/{found.get('ts', '')}"
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return ""
        return None

    def _client(self, token: str, timeout_s: int | None = None) -> WebClient:
        client = WebClient(
            token,
            base_url=self._config.slack_base_url,
            timeout=timeout_s or TIMEOUT_S,
            logger=_silent,
            retry_handlers=[],
        )
        client.proxy = None
        return client


def sender(config: ChannelConfig, secrets: Secrets, clock: Clock) -> SlackSender:
    """Return the sender of `SlackMessage`s."""
    del clock
    return SlackSender(config, secrets)


# --- what went wrong -------------------------------------------------------------------------


def failure(error: OSError | http.client.HTTPException) -> Failed:
    """Return the failure when there was no answer, with whether the message may have arrived."""
    reason = error.reason if isinstance(error, URLError) else error
    refused = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
    if isinstance(reason, refused):
        return Failed(f"Slack: {_words(reason)}", retryable=True)
    silent = isinstance(reason, TimeoutError)
    return Failed(f"Slack: {_words(reason)}", retryable=True, unknown=True, timed_out=silent)


def _words(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return "timed out"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__


def http_failure(status: int, body: str = "", headers: Mapping[str, str] | None = None) -> Failed:
    """Return the failure of an answer that is not 2xx; a gateway's error may hide a success."""
    asked = {name.lower(): value for name, value in (headers or {}).items()}.get("retry-after", "")
    detail = f"Slack answered {status} {log.mask(body[:80])}".strip()
    retryable = status >= 500 or status in (408, 429)
    return Failed(
        detail,
        retryable=retryable,
        unknown=status in (408, 502, 504),
        after=retry_after(asked),
    )


def _error(error: SlackApiError) -> str:
    data = error.response.data
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def api_failure(error: SlackApiError) -> Failed:
    """Return the failure of an answer of the Web API that is not ok."""
    status, code = error.response.status_code, _error(error)
    if status != 200:
        known = code if code.isidentifier() else ""
        return http_failure(status, known, error.response.headers)
    if not code.isidentifier():
        return Failed("Slack's answer cannot be read", retryable=True, unknown=True)
    return Failed(f"Slack: {code}", retryable=code in _AGAIN, unknown=code in _UNSETTLED)
