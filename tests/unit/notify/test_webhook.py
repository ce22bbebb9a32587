"""Webhooks: signed, the same key at every try, and never to where they must not lead."""

import contextlib
import hashlib
import hmac
import socket
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.unit.notify.world import NOON
from toban.adapters.local.http import HttpClient
from toban.adapters.local.memory.store import FixedClock, MemorySecrets
from toban.channels.config import ChannelConfig, read_config
from toban.channels.waiting import retry_after
from toban.channels.webhook import adapter as webhook
from toban.channels.webhook.adapter import guarded
from toban.channels.webhook.adapter import sender as webhook_sender
from toban.channels.webhook.address import ForbiddenAddress, check_address, check_scheme, fault_of
from toban.channels.webhook.kind import WebhookChannel
from toban.channels.webhook.message import WebhookCall
from toban.kernel.handling.effect import Done, Failed
from toban.strictyaml.report import Report

LOCAL = ChannelConfig(environment="local")
CLOUD = ChannelConfig(environment="production")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(webhook, "TIMEOUT_S", 0.3)


def sender(config=LOCAL, **secrets):
    held = MemorySecrets({name: [value] for name, value in secrets.items()})
    return webhook_sender(config, held, FixedClock(NOON))


def call(url: str = "", **changes) -> WebhookCall:
    given = {"id": "ntf-1", "incident": "inc-7", "created_at": NOON, "url": url, "body": b"{}"}
    return WebhookCall(**{**given, **changes})


def test_a_call_is_signed_over_time_and_body(hook_server):
    given = call(hook_server.url + "/in", signing_secret="WEBHOOK_KEY", body=b'{"id":"ntf-1"}')
    assert sender(WEBHOOK_KEY="k1").send(given) == Done()
    (received,) = hook_server.received
    assert received.body == b'{"id":"ntf-1"}'
    at = str(int(NOON.timestamp()))
    mac = hmac.new(b"k1", at.encode() + b"." + received.body, hashlib.sha256).hexdigest()
    assert received.headers["x-toban-signature"] == f"t={at},v1={mac}"
    assert received.headers["idempotency-key"] == "ntf-1"
    assert received.headers["content-type"] == "application/json"


def test_while_a_key_is_rotated_both_sign(hook_server):
    secrets = MemorySecrets({"WEBHOOK_KEY": ["new", "old"]})
    given = call(hook_server.url, signing_secret="WEBHOOK_KEY")
    webhook_sender(LOCAL, secrets, FixedClock(NOON)).send(given)
    assert hook_server.received[0].headers["x-toban-signature"].count("v1=") == 2


def test_the_second_try_carries_the_same_key(hook_server):
    hook_server.script = ["hang"]
    first = sender().send(call(hook_server.url))
    assert isinstance(first, Failed)
    assert (first.retryable, first.unknown, first.timed_out) == (True, True, True)
    assert sender().send(call(hook_server.url, unknown=True)) == Done()
    keys = [received.headers["idempotency-key"] for received in hook_server.received]
    assert keys == ["ntf-1", "ntf-1"]


def test_a_host_that_takes_no_connection_has_timed_out_too():
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        failed = sender().send(call(f"http://127.0.0.1:{full.getsockname()[1]}/"))

    assert (failed.retryable, failed.unknown, failed.timed_out) == (True, False, True)


@pytest.mark.parametrize("how", ["cut", 503])
def test_a_failure_that_came_at_once_has_not_timed_out(hook_server, how):
    hook_server.script = [how]
    assert not sender().send(call(hook_server.url)).timed_out


@pytest.mark.parametrize(
    ("status", "again", "unknown"),
    [
        (500, True, False),
        (504, True, True),
        (429, True, False),
        (408, True, True),
        (404, False, False),
        (410, False, False),
        (302, False, False),
    ],
)
def test_the_answer_decides_whether_to_try_again(hook_server, status, again, unknown):
    hook_server.script = [status]
    failed = sender().send(call(hook_server.url))
    assert isinstance(failed, Failed)
    assert (failed.retryable, failed.unknown) == (again, unknown)


def test_redirects_are_not_followed(hook_server):
    hook_server.script = [307]
    sender().send(call(hook_server.url))
    assert len(hook_server.received) == 1


def test_a_refused_connection_had_no_effect():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    failed = sender().send(call(f"http://127.0.0.1:{port}/secret-path"))
    assert (failed.retryable, failed.unknown) == (True, False)
    assert "secret-path" not in failed.error


def test_the_address_may_be_a_secret(hook_server):
    assert sender(WEBHOOK_URL=hook_server.url).send(call(url_secret="WEBHOOK_URL")) == Done()
    missing = sender().send(call(url_secret="WEBHOOK_URL"))
    assert missing == Failed("secret WEBHOOK_URL is not set", retryable=False)
    unsigned = sender().send(call("https://x.test/", signing_secret="WEBHOOK_KEY"))
    assert unsigned == Failed("secret WEBHOOK_KEY is not set", retryable=False)


# --- where a webhook may lead ----------------------------------------------------------------


@pytest.mark.parametrize("config", [LOCAL, CLOUD])
@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://10.0.0.1/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user:pass@example.com/",
        "https://169.254.169.254/computeMetadata/v1/",
        "https://[fe80::1]/",
        "https://0.0.0.0/",
        "https:///nowhere",
        "https://[bad/",
    ],
)
def test_never_anywhere_but_over_https_to_the_outside(config, url):
    failed = sender(config).send(call(url))
    assert isinstance(failed, Failed)
    assert not failed.retryable


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://10.1.2.3/",
        "https://192.168.0.1/",
        "https://100.64.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
    ],
)
def test_in_the_cloud_never_inside(url):
    failed = sender(CLOUD).send(call(url))
    assert isinstance(failed, Failed)
    assert not failed.retryable


@pytest.mark.parametrize(
    "address", ["64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:10.0.0.1", "fc00::1"]
)
def test_addresses_that_carry_another_do_not_hide_it(address):
    with pytest.raises(ForbiddenAddress):
        check_address(address, local=False)


def test_one_bad_address_among_good_ones_is_enough():
    address = guarded(False, lambda host, port: ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(ForbiddenAddress):
        address("example.com", 443)


def test_what_was_checked_is_what_is_connected_to(hook_server):
    """The name is looked up once: an answer that changes afterwards changes nothing."""
    port = int(hook_server.url.rpartition(":")[2])
    lookups = []

    def lookup(host: str, at: int) -> list[str]:
        lookups.append((host, at))
        return ["127.0.0.1"] if len(lookups) == 1 else ["192.0.2.1"]

    client = HttpClient(guarded(True, lookup))
    assert client.post(f"http://anything.test:{port}/", b"{}", {}, 1.0).status == 200
    assert lookups == [("anything.test", port)]
    assert hook_server.received[0].headers["host"] == f"anything.test:{port}"


@pytest.mark.parametrize(
    ("environ", "local"),
    [
        ({}, True),
        ({"K_SERVICE": "deliver-notification"}, False),
        ({"TOBAN_ENVIRONMENT": "production"}, False),
        ({"TOBAN_ENVIRONMENT": "local"}, True),
        ({"K_SERVICE": "x", "TOBAN_ALLOW_HTTP_WEBHOOKS": "1"}, True),
    ],
)
def test_only_a_laptop_may_call_itself(environ, local):
    assert read_config(environ).is_local is local


# --- what `toban check` says beforehand -----------------------------------------------------------

REFUSED = {
    "https://user:geheim@hooks.example/x": "credentials",
    "https://token@hooks.example/x": "credentials",
    "http://hooks.example/x": "plain",
    "http://10.0.0.5/x": "plain",
    "https://169.254.169.254/computeMetadata/v1/": "forbidden",
    "https://metadata.google.internal/x": "forbidden",
    "https://[fe80::1]/x": "forbidden",
    "https://0.0.0.0/x": "forbidden",
    "https://10.0.0.5/x": "private",
    "https://192.168.1.20:8443/x": "private",
    "https://172.16.3.4/x": "private",
    "https://100.64.0.1/x": "private",
    "https://[fd00::1]/x": "private",
    "https://[::ffff:10.0.0.5]/x": "private",
    "https://10.1/x": "private",
    "https://0xa000005/x": "private",
    "https://167772165/x": "private",
    "https://012.0.0.5/x": "private",
    "https://[64:ff9b::a00:5]/x": "private",
    "https://hook.shop.internal/x": "private",
    "https://hook/x": "private",
    "https://127.0.0.1:8080/x": "here",
    "http://127.0.0.1:8080/x": "here",
    "http://localhost:8080/x": "here",
    "https://127.1/x": "here",
    "https:///x": "no-url",
    "ftp://hooks.example/x": "no-url",
    "https://hooks.example:port/x": "no-url",
    "hooks.example": "no-url",
    "https://hooks .example/x": "no-url",
    "https://hooks.example/x\n": "no-url",
    " https://hooks.example/x": "no-url",
    "https://hooks.example/a b": "no-url",
    "https://hooks.example/受信": "no-url",
    "https://hooks.example\\x": "no-url",
    "https://hooks.example:0/x": "no-url",
    "https://hooks..example/x": "no-url",
    "https://.example/x": "no-url",
    "https://-hooks.example/x": "no-url",
    "https://{host}.example/x": "no-url",
    "https://*.example/x": "no-url",
    "https://256.1.1.1/x": "no-url",
    f"https://{'a' * 64}.example/x": "no-url",
    f"https://{'a.' * 127}example/x": "no-url",
}


def findings(url: str) -> list[tuple[str, str]]:
    report = Report()
    WebhookChannel(url=url).check("channels.hook", report)
    return [(finding.severity, finding.code) for finding in report.sorted()]


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example",
        "HTTPS://Hooks.Example.:8443/x?y=%E5%8F%97#z",
        "https://当番.example/x",
        "https://xn--x8j.example/x",
        "https://my_hooks.example/x",
        "https://93.184.216.34/x",
        "https://[2606:2800:220:1::1]/x",
    ],
)
def test_check_takes_what_can_be_called(url):
    assert fault_of(url) is None


@pytest.mark.parametrize(("url", "fault"), REFUSED.items())
def test_check_names_every_address_that_the_connection_would_refuse(url, fault):
    assert fault_of(url) == fault
    wanted = ("warning" if fault == "here" else "error", "forbidden-address")
    assert findings(url) == [("error", "wrong-value") if fault == "no-url" else wanted]


@pytest.mark.parametrize("url", [url for url, fault in REFUSED.items() if fault != "no-url"])
def test_what_check_names_the_connection_does_refuse_when_deployed(url):
    def resolved(host: str, port: int) -> list[str]:
        names = {"metadata.google.internal": "169.254.169.254", "localhost": "127.0.0.1"}
        try:
            return [socket.inet_ntoa(socket.inet_aton(host))]
        except OSError:
            inside = "10.1.2.3" if "hook" in host and "example" not in host else "93.184.216.34"
            return [names.get(host, host if ":" in host else inside)]

    def called() -> None:
        check_scheme(url, local=False)
        guarded(local=False, lookup=resolved)(urlsplit(url).hostname or "", 443)

    with pytest.raises(ForbiddenAddress):
        called()


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example/x",
        "https://93.184.216.34/x",
        "https://hooks.example:8443/a/b?c=d",
        "https://[2606:4700::1111]/x",
        "https://1e100.example/x",
        "https://api.pagerduty.com/hook/6f1b1a52-9c3e-4d0b-8a55-0c3d7e1f2a4b",
    ],
)
def test_check_has_nothing_to_say_about_a_public_address(url):
    assert findings(url) == []


def test_check_finds_a_token_among_the_parameters():
    assert findings("https://hooks.example/x?token=abcdef0123456789") == [("error", "secret-name")]


# --- asked to wait --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("30", 30),
        (" 5 ", 5),
        ("Tue, 24 Nov 2026 03:00:20 GMT", 20),
        ("Tue, 24 Nov 2026 02:00:00 GMT", 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("²", 0),
        ("9" * 400, 86_400),
    ],
)
def test_retry_after_is_seconds_or_a_time(header, wait):
    assert retry_after(header, NOON) == timedelta(seconds=wait)


def test_a_webhook_that_is_busy_is_left_alone_for_as_long_as_it_says(hook_server):
    hook_server.script = [429]
    hook_server.also = {"Retry-After": "7"}
    failed = sender().send(call(hook_server.url))
    assert (failed.retryable, failed.after) == (True, timedelta(seconds=7))
