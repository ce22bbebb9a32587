"""`toban new function`, and docs/adding-a-domain.md followed to the letter in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toban.topology.generate import ROOT
from toban.topology.skeleton import CannotAddError, NewFunction, files

MOST_FILES, MOST_LINES = 10, 120
CHECKED = ROOT / ".mypy_cache"
BLOCKS = (
    "shared/toban/events/pumps.py",
    "events/samples/toban.pump.installed.v1.json",
    "events/topology.yaml",
    "",
    "shared/toban/pumps/record_pump.py",
    "shared/toban/pumps/ingress.py",
    "functions/ingest_pump/main.py",
    "tests/security/ways.py",
    "shared/toban/cli/pumps/arguments.py",
    "shared/toban/cli/pumps/texts.py",
    "make",
    "shared/toban/channels/file/kind.py",
    "shared/toban/channels/file/message.py",
    "shared/toban/channels/file/adapter.py",
)
"""What each block of the page is for, in order."""
TEST = re.compile(r'make test ARGS="(.*)"')


@pytest.mark.parametrize(
    ("name", "topic", "domain", "said"),
    [
        ("open_incident", "alert-fired", "openings", "already"),
        ("record_pump", "no-such-topic", "pumps", "alert-fired"),
        ("Record", "alert-fired", "pumps", "name for a function"),
        ("record", "alert-fired", "pumps", "verb and noun"),
        ("record_incident", "alert-fired", "records", "keeps 'incidents' already"),
        ("record_pump", "alert-fired", "kernel", "domain"),
        ("record_pump", "alert-fired", "../up", "domain"),
        ("record_class", "alert-fired", "class", "domain"),
        ("record_work", "alert-fired", "works", "Work is imported"),
        ("record_alert_fired", "alert-fired", "firings", "AlertFired is imported"),
        ("record_class_var", "alert-fired", "variables", "ClassVar is imported"),
    ],
)
def test_what_cannot_be_is_refused_with_what_there_is(name, topic, domain, said):
    with pytest.raises(CannotAddError, match=re.escape(said)):
        files(ROOT, NewFunction(name, topic, domain))


def test_a_refusal_a_dry_run_and_a_failure_leave_nothing(tree):
    before = changed(tree)
    assert toban(tree, "new", "function", "open_incident", "--on", "alert-fired").returncode == 2
    assert toban(tree, "new", "function", "keep_x", "--on", "alert-x").returncode == 2
    dry = toban(tree, "new", "function", "keep_note", "--on", "alert-fired", "--dry-run")
    assert dry.returncode == 0
    assert "functions/keep_note/main.py" in dry.stdout
    assert changed(tree) == before

    generate = tree / "shared/toban/topology/generate.py"
    edit(generate, 'if __name__ == "__main__":\n', "    sys.exit('no map')\n")
    before = changed(tree)
    failed = toban(tree, "new", "function", "keep_note", "--on", "alert-fired")
    assert failed.returncode == 1
    assert changed(tree) == before


def test_the_page_about_adding_a_domain_leads_to_one_within_its_bounds(tree):
    page = (ROOT / "docs" / "adding-a-domain.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\w+\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == len(BLOCKS)
    text = dict(zip(BLOCKS, blocks, strict=True))
    for path in (*BLOCKS[:2], *BLOCKS[5:7], *BLOCKS[8:10], *BLOCKS[11:]):
        write(tree / path, text[path])
    write(tree / "shared/toban/cli/pumps/__init__.py", '"""`toban pumps`."""\n')
    write(tree / "shared/toban/channels/file/__init__.py", '"""Files."""\n')
    for page in ("channels.md", "channels.ja.md"):
        edit(tree / "docs" / "profile" / page, "|---|---|\n", "| `file` | `path` |\n")
    edit(tree / BLOCKS[7], "EXAMPLES: dict[tuple[str, str], Example] = {\n", text[BLOCKS[7]])
    for part in ("topics", "functions", "secrets"):
        entry = re.search(rf"^{part}:\n((?:  .*\n)+)", text[BLOCKS[2]], re.MULTILINE)
        assert entry is not None
        edit(tree / BLOCKS[2], f"\n{part}:\n", entry[1])

    made = toban(tree, "new", "function", "record_pump", "--on", "pump-installed")
    assert made.returncode == 0, made.stderr
    handler = tree / BLOCKS[4]
    edit(handler, '行ったことの記録")\n\n', "    service: str\n    serial: str\n")
    whole = handler.read_text(encoding="utf-8")
    begins, ends = whole.index("def keep("), whole.index("\n\nHANDLERS")
    write(handler, whole[:begins] + text[BLOCKS[4]] + whole[ends:])

    *makes, test = text["make"].splitlines()
    assert makes == ["make map", "make format", "make check"]
    paths = TEST.fullmatch(test)
    assert paths is not None
    for ran in (
        ["-m", "toban.topology.generate"],
        ["-m", "toban.cli.kit.readme"],
        ["-m", "ruff", "format", "."],
        ["-m", "ruff", "check", "."],
        ["-m", "mypy", "functions", "shared/toban/pumps", "shared/toban/cli/pumps",
         "shared/toban/channels/file"],
        ["-m", "tests.house"],
        ["-m", "toban.topology.generate", "--check"],
        ["-m", "toban.cli.kit.readme", "--check"],
        ["-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *paths[1].split(),
         "-k", "pump or every_subscription"],
    ):  # fmt: skip
        done = run(tree, *ran)
        assert done.returncode == 0, f"{ran}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    never = toban(tree, "--data", str(tree / "nothing"), "pumps", "--json")
    assert (never.returncode, never.stdout) == (1, "")
    (tree / "nothing").mkdir()
    toban(tree, "--data", str(tree / "nothing"), "apply")
    empty = toban(tree, "--data", str(tree / "nothing"), "pumps", "--json")
    assert (empty.returncode, empty.stdout) == (0, "[]\n")

    by_hand = [*BLOCKS[:3], *BLOCKS[4:10], "shared/toban/cli/pumps/__init__.py"]
    assert len(by_hand) <= MOST_FILES
    assert sum(added(tree, path) for path in by_hand) <= MOST_LINES


# --- a copy of the tree ----------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    copy = tmp_path / "tree"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    # What was compiled and found out before (by `make check`) is there again in no time.
    for folder in {path.parent for path in copy.rglob("*.py")}:
        compiled = ROOT / folder.relative_to(copy) / "__pycache__"
        if compiled.is_dir():
            shutil.copytree(compiled, folder / compiled.name)
    if CHECKED.is_dir():
        shutil.copytree(CHECKED, copy / CHECKED.name)
    git(copy, "init", "-q")
    git(copy, "add", "-A")
    git(copy, "-c", "user.name=t", "-c", "user.email=t@example.jp", "commit", "-qm", "before")
    return copy


def write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def edit(path: Path, after: str, text: str) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count(after) == 1, after
    path.write_text(source.replace(after, after + text), encoding="utf-8")


def git(tree: Path, *words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=tree, check=True, capture_output=True, text=True
    ).stdout


def changed(tree: Path) -> str:
    return git(tree, "status", "--short")


def added(tree: Path, path: str) -> int:
    """Lines that a person wrote, or read and changed, in a file."""
    git(tree, "add", "-A")
    return int(git(tree, "diff", "--cached", "--numstat", "--", path).split()[0])


def run(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=tree, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": "shared"},
    )  # fmt: skip


def toban(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return run(tree, "-m", "toban.cli", *words)
