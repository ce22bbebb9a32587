"""Stories handle hundreds of events: their log lines would bury what a failing test says."""

import pytest

from toban.kernel import log


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr(log.Settings, "level", 40)
