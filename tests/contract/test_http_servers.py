"""Answers of servers that people really run: what they accepted counts as accepted, once."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract import answering
from tests.unit.sources.redis_desk import self_signed
from toban.adapters.local.files.blobs import EnvSecrets, SystemClock
from toban.adapters.local.http import HttpClient
from toban.channels.config import ChannelConfig
from toban.channels.webhook.adapter import WebhookSender
from toban.channels.webhook.message import WebhookCall
from toban.kernel.handling.effect import Done
from toban.ports import NotSent

POSTS = 20
SERVERS = ("gunicorn", "uvicorn", "http.server")
ROOT = Path(__file__).parents[2]


@dataclass
class Running:
    """A server's process."""

    url: str
    notes: Path
    trust: ssl.SSLContext | None

    def client(self) -> HttpClient:
        return HttpClient(tls=lambda: self.trust)

    def taken(self) -> list[str]:
        """The key of every post, as the server noted it."""
        return self.notes.read_text().split() if self.notes.exists() else []


@pytest.fixture(scope="module", params=[(s, t) for s in SERVERS for t in ("http", "https")])
def running(request, tmp_path_factory):
    server, scheme = request.param
    directory = tmp_path_factory.mktemp("answering")
    files = self_signed(directory) if scheme == "https" else ()
    with socket.create_server((answering.HOST, 0)) as free:
        port = free.getsockname()[1]
    notes = directory / "notes"
    command = [sys.executable, "-m", "tests.contract.answering", server, str(port), str(notes)]
    process = subprocess.Popen([*command, *files], cwd=ROOT)
    try:
        wait_for(port, process)
        trust = ssl.create_default_context(cafile=files[0]) if files else None
        yield Running(f"{scheme}://{answering.HOST}:{port}", notes, trust)
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port, process):
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection((answering.HOST, port), 1).close()
        except OSError:
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not listen"
            time.sleep(0.05)
        else:
            return


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_an_answer_whose_body_comes_slowly_is_read_to_its_end(running, framing):
    client = running.client()
    before = running.taken()

    keys = [f"{framing}-{number}" for number in range(POSTS)]
    answers = [
        client.post(f"{running.url}/{framing}", b"{}", {"Idempotency-Key": key}, 30) for key in keys
    ]

    assert [(a.status, a.body) for a in answers] == [(202, answering.BODY)] * POSTS
    assert running.taken() == before + keys


def test_a_webhook_that_was_accepted_is_done_and_posted_once(running):
    config = ChannelConfig(allow_http_webhooks=True)
    sender = WebhookSender(running.client(), EnvSecrets({}), SystemClock(), config.is_local)
    before = running.taken()

    calls = [
        WebhookCall(
            id=f"ntf-{number}",
            incident="inc-1",
            created_at=SystemClock().now(),
            url=f"{running.url}/length",
            body=b"{}",
        )
        for number in range(POSTS)
    ]

    assert [sender.send(call) for call in calls] == [Done()] * POSTS
    assert running.taken() == before + [call.id for call in calls]


@pytest.mark.parametrize("running", [("http.server", "https")], indirect=True)
def test_a_certificate_that_nobody_vouches_for_is_refused(running):
    before = running.taken()

    with pytest.raises(NotSent, match="127"):
        HttpClient().post(f"{running.url}/length", b"{}", {"Idempotency-Key": "never"}, 30)

    assert running.taken() == before
