"""
Reading service profiles from YAML files.

Values are taken from the YAML nodes themselves by the type that the profile expects, so YAML 1.1
does not get to read ``09:00`` as 540 or ``on`` as true, and every complaint knows its line. This
and `reader` alone import PyYAML: deployed functions read profiles from the store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from toban.profile.findings import Finding, ProfileErrors, SourceMap
from toban.profile.reader import Reader
from toban.profile.types import Profile

MAX_FILE_BYTES = 1 << 20
MAX_DEPTH = 40
MAX_NODES = 20_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """A profile and where its parts stand in its file."""

    profile: Profile
    source: SourceMap


class _TooDeepError(yaml.MarkedYAMLError):
    """Nesting that no profile needs."""


class _Loader(yaml.SafeLoader):
    """The safe loader with a bound on nesting (PyYAML recurses once per level)."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            mark = self.get_mark()
            raise _TooDeepError(problem=f"nested more than {MAX_DEPTH} deep", problem_mark=mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def load_profile(path: str | Path) -> Profile:
    """The profile in a YAML file; raises `ProfileErrors` with everything wrong with the file."""
    return load_file(path).profile


def load_directory(directory: str | Path) -> dict[str, Profile]:
    """
    All profiles (``*.yaml``, ``*.yml``) of a directory by service id, in order of their ids.

    Raises `ProfileErrors` with everything wrong with all files.
    """
    loaded, findings = load_all(directory)
    if findings:
        raise ProfileErrors(findings)
    return {item.profile.service.id: item.profile for item in loaded}


def load_all(directory: str | Path) -> tuple[list[Loaded], list[Finding]]:
    """What could be loaded from a directory, in order of service ids, and what could not."""
    folder = Path(directory)
    if not folder.is_dir():
        return [], [
            _whole(str(folder), "no-directory", "ディレクトリがありません。", "no such directory.")
        ]
    loaded: dict[str, Loaded] = {}
    findings: list[Finding] = []
    files = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})
    if not files:
        findings.append(
            _whole(
                str(folder),
                "no-profiles",
                "プロファイル（*.yaml）がありません。",
                "no profiles (*.yaml) in this directory.",
            )
        )
    for path in files:
        try:
            item = load_file(path)
        except ProfileErrors as errors:
            findings += errors.findings
            continue
        other = loaded.setdefault(item.profile.service.id, item)
        if other is not item:
            findings += item.source.locate([_same_id(item.profile.service.id, other.source.file)])
    return [loaded[service] for service in sorted(loaded)], findings


def load_file(path: str | Path) -> Loaded:
    """A profile with its source map; raises `ProfileErrors`."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise ProfileErrors(
            [_whole(str(path), "unreadable", f"読めません: {reason}", f"cannot be read: {reason}.")]
        ) from error
    return parse_profile(data, str(path))


def parse_profile(data: bytes | str, file: str = "<profile>") -> Loaded:
    """
    A profile from YAML text; `file` is the name used in messages.

    Raises `ProfileErrors` with all that is wrong, in the order of the file.
    """
    root = _compose(_decode(data, file), file)
    reader = Reader(file, MAX_NODES)
    profile = reader.profile(root)
    if profile is None:
        raise ProfileErrors(sorted(reader.findings, key=lambda f: (f.line, f.column)))
    return Loaded(profile, SourceMap(file, reader.places))


def _decode(data: bytes | str, file: str) -> str:
    raw = data.encode() if isinstance(data, str) else data
    if len(raw) > MAX_FILE_BYTES:
        raise ProfileErrors(
            [
                _whole(
                    file,
                    "too-big",
                    "ファイルが 1 MiB を超えています。",
                    "the file is bigger than 1 MiB, which no profile needs.",
                )
            ]
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        raise ProfileErrors(
            [
                Finding(
                    "error",
                    "not-utf8",
                    "",
                    "UTF-8 ではありません。UTF-8 で保存してください。",
                    f"not UTF-8 (byte 0x{raw[error.start]:02x}): save the file as UTF-8.",
                    file,
                    line,
                    column,
                )
            ]
        ) from error


def _compose(text: str, file: str) -> MappingNode:
    """The root mapping of the YAML text."""
    try:
        root = yaml.compose(text, _Loader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        finding = Finding(
            "error",
            "yaml-syntax",
            "",
            "YAML で使えない制御文字があります。",
            "a control character that YAML does not allow.",
            file,
            line,
            error.position - (text.rfind("\n", 0, error.position) + 1) + 1,
        )
        raise ProfileErrors([finding]) from error
    except yaml.MarkedYAMLError as error:
        raise ProfileErrors([_syntax_error(error, text, file)]) from error
    if root is None or (isinstance(root, ScalarNode) and not root.value):
        raise ProfileErrors(
            [
                _whole(
                    file, "empty", "ファイルが空です。", "the file is empty; it must have service:."
                )
            ]
        )
    if not isinstance(root, MappingNode):
        raise ProfileErrors(
            [
                _whole(
                    file,
                    "wrong-type",
                    "最上位はキーと値（service: …）でなければなりません。",
                    "the top level must be keys and values (service: …).",
                )
            ]
        )
    return root


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str) -> Finding:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    hints: list[tuple[Callable[[], bool], str, str]] = [
        (
            lambda: "\t" in written[: max(column, len(written) - len(written.lstrip()))],
            " 字下げにタブは使えません。空白を使ってください。",
            " Tabs cannot indent: use spaces.",
        ),
        (
            lambda: "undefined alias" in str(error.problem),
            " * で始まる値は引用符で囲みます。",
            " A value that begins with * must be quoted.",
        ),
        (
            lambda: "mapping values are not allowed" in str(error.problem),
            " 「: 」を含む値は引用符で囲みます。字下げも確かめてください。",
            " Quote a value that contains ': ', and look at the indentation.",
        ),
    ]
    hint_ja, hint_en = next(((ja, en) for holds, ja, en in hints if holds()), ("", ""))
    problem = ", ".join(str(part) for part in (error.context, error.problem) if part)
    return Finding(
        "error",
        "yaml-syntax",
        "",
        f"YAML として読めません（{problem}）。{hint_ja}",
        f"not valid YAML: {problem}.{hint_en}",
        file,
        line,
        column,
    )


def _whole(file: str, code: str, japanese: str, english: str) -> Finding:
    return Finding("error", code, "", japanese, english, file)


def _same_id(service: str, other: str) -> Finding:
    return Finding(
        "error",
        "duplicate-service",
        "service.id",
        f"サービス {service} は {other} にもあります。",
        f"service {service} is also defined in {other}.",
    )
