"""Kinds that are found by walking a folder are in reach of whoever asks for them."""

from __future__ import annotations

import pytest

from tests.house.reach import reached_from
from tests.house.reaching import mains, reached
from tests.house.tree import this
from toban.topology.generate import ROOT

CARRIER = {
    "shared/toban/channels/carrier/__init__.py": "",
    "shared/toban/channels/carrier/kind.py": (
        "from toban.channels.base import Channel\n"
        "class CarrierChannel(Channel, frozen=True, tag='carrier', tag_field='type'):\n"
        "    pigeon: str = ''\n"
    ),
    "shared/toban/channels/carrier/message.py": "def message(channel, sending):\n    pass\n",
}


def modules(function: str, tree) -> set[str]:
    return {module.name for module, _ in reached(tree, mains(tree)[function])}


def test_whoever_sends_reaches_the_kind_and_the_message_of_every_channel():
    found = modules("deliver_notification", this().having(CARRIER))

    assert {"toban.channels.carrier.kind", "toban.channels.carrier.message"} <= found
    assert "toban.channels.slack.message" in found


@pytest.mark.parametrize("function", ["open_incident", "ingest_alert"])
def test_whoever_has_nothing_to_do_with_channels_reaches_none(function):
    assert not {m for m in modules(function, this()) if m.startswith("toban.channels")}


def test_what_emits_beside_a_kind_is_found(tmp_path, monkeypatch):
    folder = ROOT / "shared" / "toban" / "channels"
    monkeypatch.setattr("tests.house.reach.ROOT", tmp_path)
    there = tmp_path / "shared" / "toban" / "channels"
    (there / "carrier").mkdir(parents=True)
    for name in ("base.py", "section.py"):
        (there / name).write_text((folder / name).read_text())
    (there / "carrier" / "kind.py").write_text(
        "from toban.events import RedriveDue\n\ndef sly(work):\n    work.emit(RedriveDue())\n"
    )
    main = tmp_path / "main.py"
    main.write_text("from toban.channels.section import CHANNELS\nmain = CHANNELS\n")

    assert reached_from(main).emits == {"redrive-due"}
