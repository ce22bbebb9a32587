"""Fixtures of the contract suite: one parameter for each registered world (see `worlds.py`)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract import worlds
from tests.plugins.emulators import required

for _module in sorted(path.stem for path in Path(__file__).parent.glob("*_worlds.py")):
    importlib.import_module(f"tests.contract.{_module}")


def _start(
    registry: dict[str, Callable[[Path], Any]],
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Any]:
    name: str = request.param
    try:
        world = registry[name](tmp_path_factory.mktemp(name))
    except worlds.WorldUnavailable as error:
        if required(name):
            pytest.fail(f"{name} is required (TOBAN_REQUIRE) and did not start: {error}")
        pytest.skip(f"{name} was not run: {error}")
    yield world
    world.close()


@pytest.fixture(scope="session", params=list(worlds.STORE_WORLDS))
def store_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[worlds.StoreWorld]:
    """Every way to keep documents."""
    yield from _start(worlds.STORE_WORLDS, request, tmp_path_factory)


@pytest.fixture(scope="session", params=list(worlds.BUS_WORLDS))
def bus_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[worlds.BusWorld]:
    """Every way to carry messages."""
    yield from _start(worlds.BUS_WORLDS, request, tmp_path_factory)


@pytest.fixture(scope="session", params=list(worlds.BLOBS_WORLDS))
def blobs_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[worlds.BlobsWorld]:
    """Every way to keep objects."""
    yield from _start(worlds.BLOBS_WORLDS, request, tmp_path_factory)
