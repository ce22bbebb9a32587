"""Servers on this machine that stand for the outside."""

import socket

import pytest
from aiosmtpd.controller import Controller

from tests.unit.notify.servers import Mailbox, Server, SlackServer, running


@pytest.fixture
def slack_server():
    with running(SlackServer()) as server:
        yield server


@pytest.fixture
def hook_server():
    with running(Server()) as server:
        yield server


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def smtp(mailbox):
    """(host, port) of an SMTP server that puts everything into `mailbox`."""
    with socket.socket() as free:  # aiosmtpd wants to know its port beforehand
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield "127.0.0.1", port
    controller.stop()
