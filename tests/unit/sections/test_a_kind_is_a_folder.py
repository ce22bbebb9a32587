"""
A kind of channel and a kind of source are added by a folder each, and by nothing else: in a copy of
the tree they are read from a profile, checked, used, and what came of it is there. One more is
that of docs/adding-a-domain.md.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from textwrap import dedent

import pytest

from toban.topology.generate import ROOT

CARRIER = {
    "__init__.py": '"""Pigeons."""\n',
    "kind.py": """\
        from typing import ClassVar

        from toban.channels.base import Channel
        from toban.channels.carrier.texts import both
        from toban.texts import Both


        class CarrierChannel(Channel, frozen=True, tag="carrier", tag_field="type"):
            ADDRESS: ClassVar[Both] = both("carrier.loft")

            ring_secret: str = ""
            loft: str = ""

            def room(self):
                return self.loft or None

            def reaches(self, addresses):
                return addresses.get("loft") or None

            def check(self, path, report):
                if not self.ring_secret:
                    report.incomplete(path, both("carrier.ring"))
        """,
    "texts.py": """\
        from toban.texts import Catalogue

        TEXTS = {
            "carrier.loft": {"en": "loft", "ja": "鳩舎"},
            "carrier.ring": {"en": "ring_secret", "ja": "ring_secret"},
        }

        both = Catalogue(TEXTS).both
        """,
    "message.py": """\
        from dataclasses import dataclass

        from toban.kernel.outgoing import Outgoing


        @dataclass(frozen=True, kw_only=True)
        class Scroll(Outgoing):
            ring: str
            loft: str
            words: str

            @property
            def destination(self):
                return ("carrier", self.loft)


        def message(channel, sending):
            return Scroll(
                id=sending.id,
                incident=sending.incident,
                created_at=sending.created_at,
                unknown=sending.unknown,
                ring=channel.ring_secret,
                loft=sending.address,
                words=sending.notice.headline,
            )
        """,
    "adapter.py": """\
        from toban.channels.carrier.message import Scroll
        from toban.channels.secrets import secret
        from toban.kernel.handling.effect import Done

        FLOWN = []


        class Loft:
            def __init__(self, secrets):
                self._secrets = secrets

            def send(self, outgoing):
                assert isinstance(outgoing, Scroll)
                ring = secret(self._secrets, outgoing.ring)
                FLOWN.append([ring, outgoing.loft, outgoing.words])
                return Done()


        def sender(config, secrets, clock):
            return Loft(secrets)
        """,
}

FILE = dict(
    zip(
        ("kind.py", "message.py", "adapter.py"),
        re.findall(
            r"```python\n(.*?)```",
            (ROOT / "docs" / "adding-a-domain.md")
            .read_text(encoding="utf-8")
            .partition("\n## A kind of channel or source\n")[2],
            re.DOTALL,
        ),
        strict=True,
    )
) | {"__init__.py": '"""Files."""\n'}
"""The channel that the page about adding one makes."""

NOTEBOOK = {
    "__init__.py": '"""Notebooks."""\n',
    "kind.py": """\
        from typing import ClassVar

        from toban.sources.base import SourceSection


        class NotebookSource(SourceSection, frozen=True, tag="notebook", tag_field="type"):
            TELLS_CHANGE: ClassVar[bool] = True
            ITEMS: ClassVar[bool] = True

            path: str

            def place(self):
                return {"bucket": self.path}
        """,
    "adapter.py": """\
        from pathlib import Path

        from toban.ports.backup import Chunk, Damaged, SourceSnapshot


        class Notebook:
            resumable = False

            def __init__(self, path):
                self._path = Path(path)

            @property
            def identity(self):
                return f"notebook {self._path}"

            def begin(self, run, before, now):
                return before or SourceSnapshot(at=now)

            def read(self, run, snapshot, cursor):
                data = self._path.read_bytes()
                yield Chunk(data, items=data.count(b"\\n"))

            def end(self, run, snapshot):
                pass


        class Lines:
            def check(self, pieces, fetch):
                data = b"".join(pieces)
                if not data.endswith(b"\\n"):
                    raise Damaged("the last line is torn")
                return {"lines": data.count(b"\\n"), "bytes": len(data)}

            def object_refs(self, pieces):
                return iter(())


        def source(options, ports):
            return Notebook(options["path"])


        def format_(ports):
            return Lines()


        def target(options, ports):
            raise ValueError("a notebook is only read")
        """,
}

PROFILE = """\
service: {id: shop, name: Shop, default: true}
severities:
  - {label: P1, level: 1, words: [critical], notify: ["channel:pigeons", "channel:book"]}
channels:
  pigeons: {type: carrier, ring_secret: RING, loft: north}
  book: {type: file, path: BOOK}
backup:
  destinations:
    - {bucket: shop-backup, region: here}
    - {bucket: shop-backup-far, region: there}
  sources:
    notes: {type: notebook, path: NOTES}
  plans:
    - {source: notes, class: daily, schedule: "0 2 * * *", keep: {daily: 7}, on_change: true}
"""

STORY = """
import json, sys
from pathlib import Path

from toban.backups.documents import Backup
from toban.channels.config import ChannelConfig
from toban.channels.senders import ChannelSenders
from toban.events import AlertFired
from toban.events.backups import BackupDue
from toban.notify.documents import Notification
from toban.sections import collect
from toban.sections.check import check
from toban.sections.files import check_file
from toban.sections.load import load_profile
from toban.strictyaml.findings import FileErrors
from toban.testing import TestPlatform
from toban.adapters.local.memory.store import MemorySecrets, VirtualClock
from toban.testing.platform import NOON

here = Path(sys.argv[1])
said = {}
try:
    load_profile(here / "wrong.yaml")
except FileErrors as errors:
    said["wrong"] = [f.message.en for f in errors.findings]
said["incomplete"] = [f.render() for f in check_file(here / "incomplete.yaml") if f.severity == "error"]
profile = load_profile(here / "shop.yaml")
said["findings"] = [f.render() for f in check(profile) if f.severity == "error"]
said["secrets"] = sorted(collect.secrets(profile))
secrets = MemorySecrets({"RING": ["r-1"]})
clock = VirtualClock(NOON)
platform = TestPlatform(
    profile, secrets={"RING": ["r-1"]}, clock=clock,
    senders=ChannelSenders(ChannelConfig(), secrets, clock),
)
platform.send(AlertFired(
    source="generic", fingerprint="f", rule="fire", title="The shop burns", severity="critical",
    starts_at=NOON,
))
platform.drain()
from toban.channels.carrier.adapter import FLOWN
said["flown"] = FLOWN
said["sent"] = [n.status for n in platform.documents(Notification)]
platform.send(BackupDue(service="shop", source="notes", class_="daily"))
platform.drain()
said["backups"] = [
    [b.kind, b.status, b.items, [c.level for c in b.copies]] for b in platform.documents(Backup)
]
print("SAID " + json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> dict:
    """What a copy of the tree says that has the two folders, and nothing else of its own."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copytree(
        ROOT / "shared", tree / "shared", ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    for name in ("functions", "events"):
        (tree / name).symlink_to(ROOT / name)
    for folder, files in (
        ("channels/carrier", CARRIER),
        ("channels/file", FILE),
        ("sources/notebook", NOTEBOOK),
    ):
        place = tree / "shared" / "toban" / folder
        place.mkdir()
        for name, text in files.items():
            (place / name).write_text(dedent(text), encoding="utf-8")
    notes = tree / "notes.txt"
    notes.write_text("one\ntwo\n")
    profile = PROFILE.replace("NOTES", str(notes)).replace("BOOK", str(tree / "book.txt"))
    (tree / "shop.yaml").write_text(profile)
    (tree / "wrong.yaml").write_text(profile.replace("carrier", "pidgeon"))
    (tree / "incomplete.yaml").write_text(profile.replace("ring_secret: RING, ", ""))
    ran = subprocess.run(
        [sys.executable, "-P", "-c", STORY, str(tree)],
        env={"PYTHONPATH": str(tree / "shared"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in ran.stdout.splitlines() if line.startswith("SAID ")]
    assert lines, ran.stderr + ran.stdout[-2000:]
    written = (tree / "book.txt").read_text(encoding="utf-8")
    return {**json.loads(lines[0].removeprefix("SAID ")), "written": written.splitlines()}


def test_a_profile_knows_it_and_proposes_it(said):
    assert said["wrong"] == [
        (
            "expected one of slack, email, webhook, carrier, file, console, got 'pidgeon'. "
            "Known: carrier, console, email, file, slack, webhook."
        )
    ]


def test_it_is_checked_by_itself(said):
    [finding] = said["incomplete"]

    assert "channels.pigeons: it needs ring_secret. [incomplete]" in finding
    assert ":5:" in finding


def test_a_profile_with_both_is_in_order_and_names_its_secrets(said):
    assert said["findings"] == []
    assert said["secrets"] == ["RING"]


def test_a_page_is_sent_by_it(said):
    assert said["flown"] == [["r-1", "north", "P1 インシデント発生: The shop burns"]]
    assert said["sent"] == ["sent", "sent"]


def test_a_page_is_sent_by_the_kind_of_the_page(said):
    [line] = said["written"]
    assert line.endswith(" P1 インシデント発生: The shop burns")


def test_a_backup_is_taken_of_it_and_read_back(said):
    assert said["backups"] == [["notebook", "verified", 2, ["format", "content"]]]


def test_nothing_in_the_tree_lists_the_kinds_that_are_shipped():
    """Whatever is known of a kind stands in its folder, so that the next one needs no edit."""
    package = ROOT / "shared" / "toban"
    for room in ("channels", "sources"):
        kinds = {path.parent.name for path in (package / room).glob("*/kind.py")}
        for path in sorted(package.rglob("*.py")):
            own = path.relative_to(package).parts
            if own[0] == room and len(own) > 2:
                continue
            imported = re.findall(
                rf"^\s*(?:from|import) toban\.{room}\.(\w+)", path.read_text("utf-8"), re.MULTILINE
            )
            assert not kinds & set(imported), f"{path.relative_to(ROOT)} names a kind"
