"""Ports that only some functions need: asked for by name, made where `toban.entry` says."""

import importlib

import pytest

from toban import entry
from toban.kernel import binding
from toban.kernel.binding import BoundHandlers, Ports
from toban.kernel.outgoing import PUBLIC_URL, SENDERS
from toban.local.world import load_functions
from toban.notify import deliver
from toban.ports import SECRETS, Port
from toban.testing import ListSenders, TestPlatform
from toban.testing.platform import the_map


@pytest.fixture
def platform() -> TestPlatform:
    return TestPlatform(handlers={})


def test_a_port_is_made_once_and_only_when_asked_for(platform, monkeypatch):
    monkeypatch.setenv("TOBAN_PUBLIC_URL", "https://ops.test")
    ports = Ports(platform.platform, platform.secrets, entry.MODULES)
    assert ports(PUBLIC_URL) == "https://ops.test"
    assert ports(SENDERS) is ports(SENDERS)
    assert ports(SECRETS) is platform.secrets


def test_what_is_given_is_not_made(platform):
    senders = ListSenders()
    ports = Ports(platform.platform, platform.secrets, {}, {SENDERS: senders})
    assert ports(SENDERS) is senders


def test_a_port_that_is_not_declared_is_refused(platform):
    needy = BoundHandlers((SECRETS,), lambda ports: deliver.handlers(ports(SENDERS)))
    with pytest.raises(RuntimeError, match="the port senders is not among secrets"):
        entry.Subscriber("needy", needy).bound(platform.platform, platform.secrets)


def test_a_module_that_does_not_make_its_port_is_named(platform):
    odd = Port[str]("odd")
    ports = Ports(platform.platform, platform.secrets, {"odd": "toban.kernel.binding"})
    with pytest.raises(RuntimeError, match="does not make the port odd"):
        ports(odd)


def test_every_port_of_the_table_is_made_where_it_says_and_needed_by_some_function():
    made = {}
    for name, module in entry.MODULES.items():
        importlib.import_module(module)
        made |= {port.name: function.__module__ for port, function in binding._makers.items()}
        assert made[name] == module
    load_functions(the_map())
    wanted = {
        port.name
        for subscriber in entry.SUBSCRIBERS.values()
        if isinstance(subscriber.handlers, BoundHandlers)
        for port in subscriber.handlers.ports
    }
    assert wanted == set(entry.MODULES)
