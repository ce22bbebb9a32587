"""
Email by SMTP (RFC 5321, RFC 5322).

The Message-ID derives from the notification, so a second copy is the same message to whoever
compares; all mails of an incident form one thread by a common, derived reference.
"""

from __future__ import annotations

import binascii
import ipaddress
import re
import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from datetime import UTC
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from toban.channels.config import ChannelConfig
from toban.channels.email.message import Mail
from toban.channels.secrets import not_set, secret
from toban.kernel import log
from toban.kernel.handling.effect import Done, Failed, Result
from toban.kernel.outgoing import Outgoing
from toban.kernel.reasons.words import reason
from toban.ports import Clock, Secrets

TIMEOUT_S = 10
WHOLE_S = 20
"""For the whole conversation; then the connection is cut."""


class MailSender:
    """Sends `Mail`s, each over a connection of its own."""

    def __init__(self, config: ChannelConfig, secrets: Secrets, clock: Clock) -> None:
        self._config = config
        self._secrets = secrets
        self._clock = clock

    def send(self, outgoing: Outgoing) -> Result:
        """See `toban.kernel.outgoing.Senders`."""
        assert isinstance(outgoing, Mail)
        config = self._config
        if not config.smtp_host:
            return Failed(reason("reason.smtp"), retryable=False)
        password = secret(self._secrets, "SMTP_PASSWORD")
        if config.smtp_user and not password:
            return not_set("SMTP_PASSWORD")
        try:
            message = compose(outgoing, outgoing.sender or config.smtp_from)
        except (ValueError, MessageError, IndexError) as error:
            # What the parser says may quote an address; which kind of error it is tells enough.
            return Failed(f"not a valid email address ({type(error).__name__})", retryable=False)
        message["Date"] = format_datetime(self._clock.now().astimezone(UTC))
        return self._converse(message, [str(a) for a in outgoing.to], password)

    def _converse(self, message: EmailMessage, to: list[str], password: str) -> Result:
        progress = _Progress()
        names = _names([message["From"].addresses[0].addr_spec, *to])
        try:
            with _Bounded(self._config.smtp_host, self._config.smtp_port, progress) as server:
                self._prepare(server, password)
                refused = _envelope(server, message, to)
                progress.sending = True
                code, answer = server.data(message.as_bytes(policy=_POLICY))
                progress.sending = False
                if code != 250:
                    # Of rubbish after the text nobody knows whether it was taken.
                    return _refusal("the message was refused", code, answer, names, unknown=True)
                progress.accepted = True
        except (OSError, smtplib.SMTPException, binascii.Error) as error:
            if progress.accepted:  # only the goodbye failed
                return Done(str(message["Message-ID"]))
            return _failure(error, names, unknown=progress.sending, cut=progress.cut)
        if refused:
            log.warning("email recipients refused", count=len(refused), codes=refused)
        return Done(str(message["Message-ID"]))

    def _prepare(self, server: smtplib.SMTP, password: str) -> None:
        server.ehlo_or_helo_if_needed()
        offered = server.has_extn("starttls")
        # A relay or a test server on this very machine often has no TLS, and nobody in between.
        if self._config.smtp_starttls and (offered or not _stays_here(server)):
            server.starttls(context=ssl.create_default_context())
        if self._config.smtp_user:
            server.login(self._config.smtp_user, password)


def sender(config: ChannelConfig, secrets: Secrets, clock: Clock) -> MailSender:
    """Return the sender of `Mail`s."""
    return MailSender(config, secrets, clock)


def _stays_here(server: smtplib.SMTP) -> bool:
    """Whether what is said to this server never leaves the machine."""
    if server.sock is None:
        return False
    return ipaddress.ip_address(server.sock.getpeername()[0]).is_loopback


class _Progress:
    sending = False
    accepted = False
    cut = False
    """The conversation took too long and was ended by us."""


class _Bounded(smtplib.SMTP):
    """A connection that is cut when it takes too long, from the greeting on, however busy it is."""

    def __init__(self, host: str, port: int, progress: _Progress) -> None:
        self._progress = progress
        self._timer = threading.Timer(WHOLE_S, self._cut)
        self._timer.daemon = True
        self._timer.start()
        try:
            super().__init__(host, port, timeout=TIMEOUT_S)
        except BaseException:
            self._timer.cancel()
            raise

    def close(self) -> None:
        self._timer.cancel()
        super().close()

    def _cut(self) -> None:
        self._progress.cut = True
        # Shut down, not closed: closing would not wake a thread that waits in a read.
        with suppress(OSError):
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)


_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)


def compose(mail: Mail, sender: str) -> EmailMessage:
    """
    Return the message without its date.

    Raises `ValueError` or `email.errors.MessageError` for an invalid address. Line breaks in a
    header are refused by the library, and taken out of the subject by the renderer.
    """
    author = Address(display_name="toban", addr_spec=sender)
    domain = author.domain
    message = EmailMessage(policy=_POLICY)
    message["From"] = author
    message["To"] = tuple(Address(addr_spec=address) for address in mail.to)
    if not mail.to:
        raise ValueError("nobody to send to")
    message["Subject"] = mail.subject
    message["Message-ID"] = f"<{mail.id}@{domain}>"
    thread = f"<incident-{mail.incident}@{domain}>"
    message["In-Reply-To"] = thread
    message["References"] = thread
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message["X-Toban-Incident"] = mail.incident
    message["X-Toban-Notification"] = mail.id
    if mail.urgent:
        message["X-Priority"] = "1"
        message["Importance"] = "high"
    message.set_content(mail.text, cte="base64")
    message.add_alternative(mail.html, subtype="html", cte="base64")
    # Last: setting the content takes every Content-… header away, or into its first part.
    message["Content-Language"] = mail.language
    return message


def _envelope(server: smtplib.SMTP, message: EmailMessage, to: list[str]) -> list[int]:
    """Sender and recipients; the codes of those refused. Raises when all were."""
    server.ehlo_or_helo_if_needed()
    code, answer = server.mail(message["From"].addresses[0].addr_spec)
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, answer, "")
    refusals: dict[str, tuple[int, bytes]] = {}
    for address in to:
        code, answer = server.rcpt(address)
        if code not in (250, 251):
            refusals[address] = (code, answer)
    if len(refusals) == len(to):
        raise smtplib.SMTPRecipientsRefused(refusals)
    return [code for code, _ in refusals.values()]


_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_WORD = re.compile(r"\(?([A-Za-z][A-Za-z'-]*)[.,:;!?)]*")


def _names(addresses: list[str]) -> set[str]:
    """The words of which addresses are made."""
    return {word for address in addresses for word in re.findall("[a-z]+", address.casefold())}


def without_addresses(answer: bytes, names: set[str]) -> str:
    """
    Return what a mail server said: its enhanced status code (RFC 3463), and plain words but `names`.

    A failure is told on an incident's timeline, which is kept for longer than an address may be.
    """
    kept = []
    for token in answer.decode("utf-8", "replace").split():
        word = _WORD.fullmatch(token)
        if _STATUS.fullmatch(token) or (word and word[1].casefold() not in names):
            kept.append(token)
    return log.mask(" ".join(kept)[:120])


def _is_final(code: int) -> bool:
    """
    Whether trying again is in vain: 5xx alone (RFC 5321, 4.2.1).

    What is no answer of SMTP at all (smtplib: -1) is a server, or something in its place, in trouble.
    """
    return 500 <= code < 600


def _refusal(
    what: str, code: int, answer: bytes, names: set[str], *, unknown: bool = False
) -> Failed:
    if not 200 <= code < 600:
        return Failed("SMTP: the answer was not one of SMTP", retryable=True, unknown=unknown)
    said = ": ".join(filter(None, (what, without_addresses(answer, names))))
    return Failed(f"SMTP {code}: {said}", retryable=not _is_final(code))


def _failure(
    error: OSError | smtplib.SMTPException | binascii.Error,
    names: set[str],
    *,
    unknown: bool,
    cut: bool,
) -> Failed:
    # smtplib says "disconnected" when it waited in vain for an answer.
    if cut or isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return Failed("SMTP: timed out", retryable=True, unknown=unknown, timed_out=True)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        retryable = not all(_is_final(code) for code in codes)
        return Failed(f"SMTP: every recipient was refused ({codes[0]})", retryable=retryable)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        retryable = not _is_final(error.smtp_code)
        return Failed(f"SMTP {error.smtp_code}: the login was refused", retryable=retryable)
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        # Where smtplib itself says 500, the line was too long to be an answer.
        code, raw = (error.smtp_code, text) if isinstance(text, bytes) else (-1, b"")
        # Raised where the server would not hear the text at all.
        unknown = unknown and not isinstance(error, smtplib.SMTPDataError)
        return _refusal("refused", code, raw, names, unknown=unknown)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        said = "SMTP: the server offers no STARTTLS or no login (TOBAN_SMTP_STARTTLS, _USER)"
        return Failed(said, retryable=False)
    # SMTPException is an OSError too; what the system says is short and names no address.
    words = getattr(error, "strerror", "") or type(error).__name__
    return Failed(f"SMTP: {words}", retryable=True, unknown=unknown)
