"""
The ports that a function needs beyond its platform, asked for by name.

A domain names them (`BoundHandlers`), an adapter makes them (`provides`), and `toban.entry` knows
the module of each. So neither a domain nor a ``main.py`` imports an adapter, and a function imports
only what makes its own ports.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, cast

from toban.kernel.handling.handle import Handlers
from toban.kernel.platform import Platform
from toban.ports import SECRETS, Port, Secrets

P = TypeVar("P")

Maker: TypeAlias = Callable[[Platform, Secrets], P]

_makers: dict[Port[Any], Maker[Any]] = {}


def provides(port: Port[P]) -> Callable[[Maker[P]], Maker[P]]:
    """Register the function that makes a port; it is called once in a process that needs it."""

    def register(maker: Maker[P]) -> Maker[P]:
        _makers[port] = maker
        return maker

    return register


class Ports:
    """
    The ports of one world; each is made when it is first asked for.

    `modules`: where each is made, by its name (see `provides`). `given`: ports that exist
    already.
    """

    def __init__(
        self,
        platform: Platform,
        secrets: Secrets,
        modules: Mapping[str, str],
        given: Mapping[Port[Any], Any] | None = None,
    ) -> None:
        self._platform = platform
        self._secrets = secrets
        self._modules = modules
        self._made = dict(given or {})

    def __call__(self, port: Port[P]) -> P:
        """The port; raises `RuntimeError` where nothing makes it."""
        if port not in self._made:
            self._made[port] = _maker(port, self._modules)(self._platform, self._secrets)
        return cast("P", self._made[port])


def _maker(port: Port[P], modules: Mapping[str, str]) -> Maker[P]:
    if port.name not in modules:
        raise RuntimeError(f"the port {port.name} is not among {', '.join(sorted(modules)) or '-'}")
    importlib.import_module(modules[port.name])
    if port not in _makers:
        raise RuntimeError(f"{modules[port.name]} does not make the port {port.name}")
    return _makers[port]


@dataclass(frozen=True)
class BoundHandlers:
    """Handlers that are made with ports of the world, and may ask for the named ports only."""

    ports: tuple[Port[Any], ...]
    make: Callable[[Ports], Handlers]


@provides(SECRETS)
def _secrets(_platform: Platform, secrets: Secrets) -> Secrets:
    return secrets
