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
from toban.sources.base import source_kinds
from toban.topology.generate import ROOT

PAGES = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
PAGES.insert(1, "README.ja.md")
TYPED = ["README.md", "docs/ingress.md", "docs/operations.md"]
"""Pages whose commands are typed, in this order, by one person on one machine."""

NOT_HERE = {
    "docs/operations.md:toban backups list\n": "shows what an example looks like",
    "docs/operations.md:toban restore shop media": "shows what an example looks like",
    "docs/operations.md:toban apply": "shows what an example looks like",
}
"""Blocks that nobody types here, by page and beginning, and why."""

OTHERS = {
    "cd": "", "curl": "", "date": "", "jq": "", "mkdir": "", "openssl": "", "printf": "",
    "read": "",
    "make": "about the checkout: CI runs check, test and bundle, tests/unit/cli/test_demo.py the demo",
    "base64": "docs/backup-format.md: behind what gcloud needs",
    "docker": "docs/operations.md: no builder here; read by tests/unit/local/test_container.py",
    "eval": "README.md: bash's own; the scripts are run by tests/unit/cli/test_completion.py",
    "gcloud": "needs a Google Cloud project",
    "pip": "installs from a package index",
    "pipx": "README.md: as pip; tests/unit/cli/test_wheel.py installs the wheel",
    "python": "docs/backup-format.md: read_backup.py is run by tests/unit/backups/test_format.py",
}  # fmt: skip
"""
Programs besides toban; a block with one that has a reason here, or is not listed, is not typed. Of `make` and Python it
is tried whether there is such a target or module.
"""

DONE = [
    ("README.md", "verified (content) in asia-northeast1, asia-northeast2"),
    ("docs/ingress.md", '"accepted":1'),
    ("docs/operations.md", "every copy was read back"),
    ("docs/operations.md", "Every backup is under the present key"),
]
"""What the commands were for: words of what they wrote."""

PLACEHOLDERS = {"SERVICE": "shop", "SOURCE": "uploads", "toban init shop": "toban init shop --yes"}
"""What a person puts in, or answers, and what the test does."""


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def of(page: str) -> list[Block]:
    return list(blocks(page, read(page)))


def prose(page: str) -> str:
    """Without the table of commands, which is made of them."""
    return re.sub(r"(?s)<!-- commands:begin.*?commands:end -->", "", read(page))


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
    for span in re.findall(r"`(?:\.venv/bin/)?(toban [^`\n…|]+)`", prose(page))
    if span not in NO_COMMANDS
]


@pytest.mark.parametrize("block", ALL, ids=str)
def test_every_command_is_there_and_takes_its_arguments(block: Block):
    wrong = [f"{' '.join(words)}: {why}" for words in commands(block.text) if (why := fault(words))]
    assert wrong == []


def fault(words: list[str]) -> str:
    """What is wrong with a command; empty: nothing."""
    program, *arguments = words
    name = Path(program).name if "/.venv/bin/" in f"/{program}" else program
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
    reasons = " ".join([*OTHERS.values(), *NOT_HERE.values()])
    assert [p for p in re.findall(r"tests/[\w/]+\.py", reasons) if not (ROOT / p).is_file()] == []
    assert [key for key in NOT_HERE if not any(b.startswith(key) for b in blocks_)] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.endswith(".ja.md")])
def test_both_languages_have_the_same_commands(page: str):
    """So those of one need not be typed twice; what a person chooses is in their language."""

    def plain(block: Block) -> list[list[str]]:
        kept = [words for words in commands(block.text) if words[0] != "make"]
        return [[w for w in words if w.isascii() and w not in ("--lang", "ja")] for words in kept]

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
    chapter, said = ("", ""), dict.fromkeys(TYPED, "")
    for block in [block for page in TYPED for block in of(page) if not left_out(block)]:
        if (block.page, block.chapter) != chapter:
            reader.stop()
            reader.at = reader.home
            chapter = (block.page, block.chapter)
            before(block, reader)
        text = block.text
        for word, meant in PLACEHOLDERS.items():
            text = re.sub(rf"\b{word}\b", meant, text)
        code, out = reader.types(text)
        assert code == 0, (str(block), out, reader.errors)
        said[block.page] += out
    for page, word in DONE:
        assert word in said[page], (page, said[page])


def typed_programs() -> set[str]:
    return {name for name, reason in OTHERS.items() if not reason} - {"cd", "read"}


def left_out(block: Block) -> bool:
    programs = {
        Path(w[0]).name if w[0].endswith("bin/toban") else w[0] for w in commands(block.text)
    }
    safe = {"toban", *(name for name, reason in OTHERS.items() if not reason)}
    return not programs <= safe or any(f"{block.page}:{block.text}".startswith(k) for k in NOT_HERE)


def before(block: Block, reader: Reader) -> None:
    """What a page takes for granted."""
    if block.page == "docs/ingress.md":
        reader.at = reader.home / "shop"  # what the README began
        assert reader.types("toban dev")[0] == 0
        url = re.search(r'"url": ?"([^"]+)"', (reader.at / ".toban" / "dev.json").read_text())
        secret = re.search(r"INGEST_GENERIC=(\S+)", (reader.at / ".toban.env").read_text())
        assert url
        assert secret
        reader.environ |= {"TOBAN": f"{url[1]}/ingest_alert", "INGEST_GENERIC": secret[1]}


@pytest.mark.parametrize("page", ["docs/operations.md", "docs/operations.ja.md"])
def test_the_table_of_targets_has_the_keys_of_each_kind(page: str):
    rows = re.findall(r"(?m)^\| `(\w+)` \| (`\w+`.*?) \| [^|]*\|$", read(page))
    named = {
        kind: set(re.findall(r"`(\w+)`", re.sub(r"[(（][^)）]*[)）]", "", keys)))
        for kind, keys in rows
    }
    assert named == {kind: set(section.TO) for kind, section in source_kinds().items()}
