"""Email, against a real SMTP server."""

import contextlib
import email
import email.policy
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notify.world import NOON
from toban.adapters.local.memory.store import FixedClock, MemorySecrets
from toban.channels.config import ChannelConfig
from toban.channels.email import adapter as channel
from toban.channels.email.adapter import MailSender, compose, without_addresses
from toban.channels.email.message import Mail
from toban.kernel.handling.effect import Done, Failed


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(channel, "TIMEOUT_S", 0.5)


@pytest.fixture
def sender(smtp):
    host, port = smtp
    config = ChannelConfig(smtp_host=host, smtp_port=port, smtp_starttls=False)
    return MailSender(config, MemorySecrets(), FixedClock(NOON))


def mail(**changes) -> Mail:
    given = {
        "id": "ntf-1",
        "incident": "inc-7",
        "created_at": NOON,
        "to": ("aoki@shop.test",),
        "sender": "toban@shop.test",
        "subject": "[ショップ] Critical インシデント発生: 注文API",
        "text": "本文\n",
        "html": "<p>本文</p>",
    }
    return Mail(**{**given, **changes})


def parsed(mailbox, number: int = 0):
    return email.message_from_bytes(mailbox.envelopes[number].content, policy=email.policy.default)


def test_a_mail_arrives_in_both_forms_in_plain_ascii(sender, mailbox):
    assert sender.send(mail()) == Done("<ntf-1@shop.test>")
    assert mailbox.envelopes[0].content.isascii()
    assert mailbox.envelopes[0].rcpt_tos == ["aoki@shop.test"]
    message = parsed(mailbox)
    assert message["Subject"] == "[ショップ] Critical インシデント発生: 注文API"
    assert message["From"] == "toban <toban@shop.test>"
    assert message["Date"] == "Tue, 24 Nov 2026 03:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.iter_parts()
    assert (text.get_content_type(), text.get_content().splitlines()) == ("text/plain", ["本文"])
    assert (html.get_content_type(), html.get_content().strip()) == ("text/html", "<p>本文</p>")


def test_a_second_copy_is_the_same_message(sender, mailbox):
    sender.send(mail())
    sender.send(mail(unknown=True))
    assert [parsed(mailbox, n)["Message-ID"] for n in (0, 1)] == ["<ntf-1@shop.test>"] * 2


def test_all_mails_of_an_incident_are_one_thread(sender, mailbox):
    sender.send(mail())
    sender.send(mail(id="ntf-2"))
    assert {parsed(mailbox, n)["References"] for n in (0, 1)} == {"<incident-inc-7@shop.test>"}
    assert parsed(mailbox)["In-Reply-To"] == "<incident-inc-7@shop.test>"


@pytest.mark.parametrize(
    "bad",
    [
        {"subject": "x\r\nBcc: victim@evil.test"},
        {"to": ("a@shop.test\r\nBcc: victim@evil.test",)},
        {"to": ("not an address",)},
        {"to": ("a@shop.test> <b@shop.test",)},
        {"to": ()},
        {"sender": "toban@shop.test\nBcc: victim@evil.test"},
        {"sender": ""},
        {"incident": "inc\r\nBcc: victim@evil.test"},
    ],
)
def test_a_header_cannot_be_smuggled_in(sender, mailbox, bad):
    failed = sender.send(mail(**bad))
    assert isinstance(failed, Failed)
    assert not failed.retryable
    assert mailbox.envelopes == []


def test_a_dot_at_the_beginning_of_a_line_does_not_end_the_mail(sender, mailbox):
    sender.send(mail(text="one\n.\nRCPT TO:<x@y>\n", html="<p>\n.\n</p>"))
    text = parsed(mailbox).get_body(["plain"]).get_content()
    assert text.splitlines() == ["one", ".", "RCPT TO:<x@y>"]


@pytest.mark.parametrize(
    ("command", "answer", "again"),
    [
        ("DATA", "451 try again later", True),
        ("DATA", "554 no thanks", False),
        ("RCPT", "450 greylisted", True),
        ("RCPT", "550 no such user", False),
    ],
)
def test_the_answer_decides_whether_to_try_again(sender, mailbox, command, answer, again):
    mailbox.script[command] = [answer]
    failed = sender.send(mail())
    assert isinstance(failed, Failed)
    assert (failed.retryable, failed.unknown) == (again, False)


SAID = [
    ("5.7.1 <aoki@shop.test>: Relay access denied", "5.7.1 Relay access denied"),
    ("5.1.1 Mailbox aoki unavailable (Aoki@shop.test)", "5.1.1 Mailbox unavailable"),
    ("4.7.1 aoki%40shop.test greylisted; try later", "4.7.1 greylisted; try later"),
    ("'aoki'@shop.test SRS0=x=shop.test=aoki toban@shop.test no", "no"),
    ("5.7.1 ask +81-90-1234-5678, http://shop.test/?to=aoki", "5.7.1 ask"),
    ("<aoki@shop.test>", ""),
]


@pytest.mark.parametrize(("answer", "kept"), SAID)
@pytest.mark.parametrize("command", ["DATA", "MAIL"])
def test_of_what_the_server_said_no_address_is_kept(sender, mailbox, command, answer, kept):
    mailbox.script[command] = [f"554 {answer}"]
    failed = sender.send(mail())
    assert isinstance(failed, Failed)
    what = "SMTP 554: the message was refused" if command == "DATA" else "SMTP 554: refused"
    assert failed.error == ": ".join(filter(None, (what, kept)))


@given(st.text(max_size=30), st.emails(), st.text(max_size=30))
def test_no_address_survives_wherever_it_stands(before, address, after):
    told = without_addresses(f"{before} <{address}>: {after}".encode(), set())
    assert address not in told
    assert "@" not in told


def test_one_refused_recipient_does_not_keep_the_others_from_it(sender, mailbox):
    mailbox.script["RCPT"] = ["550 no such user"]
    assert isinstance(sender.send(mail(to=("x@shop.test", "y@shop.test"))), Done)
    assert mailbox.envelopes[0].rcpt_tos == ["y@shop.test"]


def test_silence_after_the_text_was_sent_leaves_the_outcome_unknown(sender, mailbox):
    mailbox.script["DATA"] = ["hang"]
    failed = sender.send(mail())
    assert (failed.retryable, failed.unknown, failed.timed_out) == (True, True, True)
    assert failed.error == "SMTP: timed out"
    assert len(mailbox.envelopes) == 1


@pytest.mark.parametrize("said", [b"", b"220-", b"220 hi\r\n"], ids=["nothing", "drips", "hello"])
def test_a_server_that_accepts_and_keeps_silent_has_timed_out(said, monkeypatch):
    monkeypatch.setattr(channel, "WHOLE_S", 1)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def accept():
            connection, _ = silent.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(said)
                while said == b"220-" and not over.wait(0.2):
                    connection.sendall(b"x")  # busy, and yet never done
                over.wait(30)

        thread = threading.Thread(target=accept)
        thread.start()
        config = ChannelConfig(
            smtp_host="127.0.0.1", smtp_port=silent.getsockname()[1], smtp_starttls=False
        )
        failed = MailSender(config, MemorySecrets(), FixedClock(NOON)).send(mail())
        over.set()
        thread.join(30)

    assert failed == Failed("SMTP: timed out", retryable=True, unknown=False, timed_out=True)


RUBBISH = {
    "another protocol": [b"SSH-2.0-OpenSSH_9.6\r\n"],
    "a web server": [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"],
    "no code": [b"220 hi\r\n", b"what?\r\n", b"what?\r\n"],
    "bytes": [b"220 hi\r\n", b"\x00\xff\xfe\r\n", b"\x00\xff\xfe\r\n"],
    "a code of nobody": [b"220 hi\r\n", b"250 me\r\n", b"999 hm\r\n"],
    "no end": [b"220 hi\r\n", b"250 me\r\n", b"2" * 9_000 + b"\r\n"],
    "after MAIL": [b"220 hi\r\n", b"250 me\r\n", b"250 ok\r\n", b"ok?\r\n"],
    "after RCPT": [b"220 hi\r\n", b"250 me\r\n", b"250 ok\r\n", b"250 ok\r\n", b"go on\r\n"],
}


@pytest.mark.parametrize("lines", RUBBISH.values(), ids=list(RUBBISH))
def test_a_server_that_answers_rubbish_is_tried_again(lines):
    failed = _answered(lines)
    assert isinstance(failed, Failed)
    assert (failed.retryable, failed.unknown) == (True, False), failed


def test_after_the_text_was_sent_rubbish_leaves_the_outcome_unknown():
    ok = b"250 ok\r\n"
    failed = _answered([b"220 hi\r\n", ok, ok, ok, b"354 go on\r\n", b"hm?\r\n"])
    assert isinstance(failed, Failed)
    assert (failed.retryable, failed.unknown) == (True, True)


def _answered(lines: list[bytes]) -> object:
    """What comes of a mail when the server answers each line with the next of `lines`."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept():
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as said, contextlib.suppress(OSError):
                for line in lines:
                    connection.sendall(line)
                    words = said.readline()
                    if line.startswith(b"354"):
                        while words not in (b".\r\n", b""):
                            words = said.readline()

        thread = threading.Thread(target=accept)
        thread.start()
        config = ChannelConfig(
            smtp_host="127.0.0.1", smtp_port=server.getsockname()[1], smtp_starttls=False
        )
        sent = MailSender(config, MemorySecrets(), FixedClock(NOON)).send(mail())
        thread.join(30)
    return sent


def test_a_refused_connection_had_no_effect():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    config = ChannelConfig(smtp_host="127.0.0.1", smtp_port=port, smtp_starttls=False)
    failed = MailSender(config, MemorySecrets(), FixedClock(NOON)).send(mail())
    assert (failed.retryable, failed.unknown, failed.timed_out) == (True, False, False)


def test_without_configuration_the_next_channel_is_due():
    clock = FixedClock(NOON)
    bare = MailSender(ChannelConfig(), MemorySecrets(), clock)
    assert bare.send(mail()) == Failed("TOBAN_SMTP_HOST is not set", retryable=False)
    config = ChannelConfig(smtp_host="127.0.0.1", smtp_user="toban")
    no_password = MailSender(config, MemorySecrets(), clock)
    assert no_password.send(mail()) == Failed("secret SMTP_PASSWORD is not set", retryable=False)


def test_a_server_without_tls_is_not_spoken_to_in_the_clear(smtp, mailbox, monkeypatch):
    monkeypatch.setattr(channel, "_stays_here", lambda _: False)
    host, port = smtp
    config = ChannelConfig(smtp_host=host, smtp_port=port)
    failed = MailSender(config, MemorySecrets(), FixedClock(NOON)).send(mail())
    assert not failed.retryable
    assert "TOBAN_SMTP_STARTTLS" in failed.error
    assert mailbox.envelopes == []


def test_a_server_on_this_machine_needs_no_tls(smtp, mailbox):
    host, port = smtp
    config = ChannelConfig(smtp_host=host, smtp_port=port)
    sent = MailSender(config, MemorySecrets(), FixedClock(NOON)).send(mail())
    assert isinstance(sent, Done)
    assert len(mailbox.envelopes) == 1


def test_only_calls_at_the_worst_severity_are_marked_urgent():
    assert compose(mail(urgent=True), "toban@shop.test")["X-Priority"] == "1"
    assert compose(mail(), "toban@shop.test")["X-Priority"] is None


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_mail_says_its_language(smtp, mailbox, language):
    host, port = smtp
    config = ChannelConfig(smtp_host=host, smtp_port=port)
    assert isinstance(
        MailSender(config, MemorySecrets(), FixedClock(NOON)).send(mail(language=language)), Done
    )
    (envelope,) = mailbox.envelopes
    received = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert received["Content-Language"] == language
    assert [part.get_content_type() for part in received.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
