"""
Every command of the README and of docs/ is one that works: it is typed here as it stands.

What cannot be typed here is listed with the reason (`NOT_HERE`, `OTHERS`); `toban` has to take the
arguments all the same, `make` has to have the target, and Python the module.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.shell import Block, Reader, blocks, commands, reading
from toban.cli.kit.arguments import Usage, parser
from toban.topology.generate import ROOT

PAGES = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
PAGES.insert(1, "README.ja.md")
TYPED = ["README.md", "docs/ingress.md", "docs/operations.md"]
"""Pages whose commands are typed, in this order, by one person on one machine."""

NOT_HERE = {
    "README.md:make demo": "plays for fifteen seconds: tests/unit/cli/test_demo.py",
    "README.md:make help": "about the checkout: its targets are there, and CI runs them",
    "docs/operations.md:toban backups list\n": "shows what an example looks like",
    "docs/operations.md:toban restore shop media": "shows what an example looks like",
    "docs/operations.md:toban apply": "shows what an example looks like",
}
"""Blocks that nobody types here, by page and beginning, and why."""

OTHERS = {
    "curl": "", "date": "", "jq": "", "mkdir": "", "openssl": "", "printf": "",
    "read": "", "sed": "",
    "base64": "docs/backup-format.md: behind what gcloud needs",
    "docker": "no builder is here: tests/unit/local/test_container.py reads the recipe",
    "eval": "for an interactive shell: tests/unit/cli/test_completion.py",
    "gcloud": "needs a Google Cloud project",
    "pip": "installs from a package index",
    "pipx": "installs from a package index: tests/unit/cli/test_wheel.py installs without one",
    "python": "docs/backup-format.md: read_backup.py is run by tests/unit/backups/test_format.py",
}  # fmt: skip
"""Programs besides toban, make and the checkout's Python; with a reason, they are not run here."""

PLACEHOLDERS = {"SERVICE": "shop", "SOURCE": "uploads"}


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def of(page: str) -> list[Block]:
    return list(blocks(page, read(page)))


ALL = [block for page in PAGES for block in of(page)]
NO_COMMANDS = {"toban pumps"} | {
    f"toban {label}"
    for label in (
        "manifest v1",
        "plain digest v1",
        "data key v1",
        "backup BACKUP",
        "backup part v1",
    )
}
"""What a page builds itself (docs/adding-a-domain.md), and labels of the format of backups."""
SPANS = [
    (page, span)
    for page in PAGES
    for span in re.findall(r"`(?:\.venv/bin/)?(toban [^`\n…|]+)`", read(page))
    if span not in NO_COMMANDS
]


@pytest.mark.parametrize("block", ALL, ids=str)
def test_every_command_is_there_and_takes_its_arguments(block: Block):
    wrong = [f"{' '.join(words)}: {why}" for words in commands(block.text) if (why := fault(words))]
    assert wrong == []


def fault(words: list[str]) -> str:
    """What is wrong with a command; empty: nothing."""
    program, *arguments = words
    name = program.removeprefix(".venv/bin/")
    if name == "toban":
        return refused(arguments)
    if name == "make":
        targets = set(re.findall(r"(?m)^([a-z-]+):", read("Makefile")))
        return "" if arguments[0] in targets else "the Makefile has no such target"
    if program == ".venv/bin/python":
        there = arguments[0] == "-m" and importlib.util.find_spec(arguments[1])
        return "" if there else "there is no such module"
    return "" if name in OTHERS else "not listed in OTHERS"


TAKES = parser("en")


def refused(arguments: list[str]) -> str:
    """Why `toban` would not take these; empty: it would."""
    try:
        TAKES.parse_args(arguments)
    except Usage as error:
        return str(error)
    except SystemExit:
        return ""  # --help
    return ""


def test_what_is_said_in_passing_is_a_command_too():
    """Commands within a sentence: whole ones, or the beginning of one."""
    assert len(SPANS) > 200
    known = set(called(TAKES))
    wrong = [
        f"{page}: {span}: {why}"
        for page, span in SPANS
        if tuple(span.split()) not in known and (why := refused(shlex.split(span)[1:]))
    ]
    assert wrong == []


def called(top: ArgumentParser, before: tuple[str, ...] = ("toban",)) -> Iterator[tuple[str, ...]]:
    for action in top._actions:
        for name, sub in (action.choices or {}).items() if action.nargs == "A..." else ():
            yield (*before, name)
            yield from called(sub, (*before, name))


def test_programs_are_listed_only_while_a_page_names_them():
    named = {words[0] for block in ALL for words in commands(block.text)}
    assert set(OTHERS) <= named
    blocks_ = [f"{block.page}:{block.text}" for block in ALL]
    assert [key for key in NOT_HERE if not any(b.startswith(key) for b in blocks_)] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.endswith(".ja.md")])
def test_both_languages_have_the_same_commands(page: str):
    """So those of one need not be typed twice; what a person chooses is in their language."""

    def plain(block: Block) -> list[list[str]]:
        kept = [words for words in commands(block.text) if words[0] != "make"]
        return [[word for word in words if word.isascii()] for words in kept]

    english = of(page.replace(".ja.md", ".md"))
    assert [plain(block) for block in of(page)] == [plain(block) for block in english]


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Beside a checkout that has the platform's own profile alone: the others' backups come due."""
    for name in ("services/toban.yaml", "teams/platform.yaml"):
        (tmp_path / "infra" / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / "infra" / name, tmp_path / "infra" / name)
    (tmp_path / "mine").mkdir()
    service, backup = re.findall(r"```yaml\n(.*?)```", read("README.md"), re.DOTALL)
    own = re.sub("key: projects.*", "key: secret:BACKUP_KEY", service + backup)
    (tmp_path / "mine" / "shop.yaml").write_text(own, encoding="utf-8")
    with reading(tmp_path, monkeypatch) as reader:
        yield reader


def test_whoever_types_what_the_pages_say_gets_through(reader: Reader):
    lacking = [name for name in typed_programs() if shutil.which(name) is None]
    if lacking:
        pytest.skip(f"not on this machine: {', '.join(lacking)}")
    chapter = ""
    for block in [block for page in TYPED for block in of(page) if not left_out(block)]:
        if (block.page, block.chapter) != chapter:
            reader.stop()
            chapter = (block.page, block.chapter)
            before(block, reader)
        text = block.text
        for word, meant in PLACEHOLDERS.items():
            text = re.sub(rf"\b{word}\b", meant, text)
        assert reader.types(text) == 0, (str(block), reader.said[-2:])
    assert_done(reader)


def typed_programs() -> set[str]:
    return {name for name, reason in OTHERS.items() if not reason and name != "read"}


def left_out(block: Block) -> bool:
    return any(f"{block.page}:{block.text}".startswith(key) for key in NOT_HERE)


def before(block: Block, reader: Reader) -> None:
    """What a page takes for granted."""
    if block.page == "docs/ingress.md":
        assert reader.types("toban dev") == 0
        url = re.search(r'"url": ?"([^"]+)"', (reader.home / ".toban" / "dev.json").read_text())
        assert url
        secret = reader.environ["TOBAN_SECRET_INGEST_GENERIC"]
        reader.environ |= {"TOBAN": f"{url[1]}/ingest_alert", "INGEST_GENERIC": secret}


def assert_done(reader: Reader) -> None:
    """What the commands were for."""
    assert (reader.home / ".toban" / "buckets" / "shop-backups-osaka").is_dir()
    said = "".join(reader.said)
    assert '"accepted": 1' in said or '"accepted":1' in said, (
        "docs/ingress.md: the signature is right"
    )
    assert said.count("every copy was read back") >= 1, "docs/operations.md: every copy is back"
    assert "Every backup is under the present key" in said
