"""From YAML nodes to the typed profile, collecting every complaint on the way."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, Final, Literal, TypeGuard, Union, get_args, get_origin

import msgspec
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from toban.profile.findings import Finding, did_you_mean, join
from toban.profile.scalars import (
    WrongValueError,
    parse_clock,
    parse_date,
    parse_datetime,
    parse_duration,
    parse_id,
    parse_zone,
    show,
)
from toban.profile.types import ClockTime, Profile, Seconds

MAX_MERGES: Final = 8
"""How many ``<<`` may follow from one another."""

_TAG: Final = "tag:yaml.org,2002:"
_TAGS = {"str", "int", "float", "bool", "null", "timestamp", "seq", "map", "merge", "value"}

_WHAT: dict[str, tuple[str, str]] = {
    "str": ("文字列", "text"),
    "int": ("整数", "a whole number"),
    "float": ("小数", "a number"),
    "bool": ("真偽値", "a true/false value"),
    "null": ("空の値", "nothing"),
    "timestamp": ("日付", "a date"),
    "seq": ("リスト", "a list"),
    "map": ("キーと値", "keys and values"),
}


class _Bad:
    """Stands for a value that was complained about already."""


_BAD: Final = _Bad()


class Reader:
    """
    Reads one file's nodes. `findings` and `places` (key path → line, column) fill while reading.

    `max_nodes` bounds the work, since aliases can make a small file endlessly large.
    """

    def __init__(self, file: str, max_nodes: int) -> None:
        self.findings: list[Finding] = []
        self.places: dict[str, tuple[int, int]] = {}
        self._file = file
        self._left = max_nodes
        self._zone = "UTC"
        self._scalars: dict[Any, Callable[[str], Any]] = {
            Seconds: parse_duration,
            ClockTime: parse_clock,
            date: parse_date,
            datetime: lambda text: parse_datetime(text, self._zone),
        }
        self._formats: dict[str, Callable[[str], Any]] = {"zone": parse_zone, "id": parse_id}

    def profile(self, root: MappingNode) -> Profile | None:
        """The profile, or None when anything was wrong (see `findings`)."""
        # Times without an offset are in the rotation's zone, which may stand below them.
        for names in (("oncall", "timezone"), ("service", "timezone")):
            written = _peek(root, names)
            if written is not None:
                self._zone = _known_zone(written)
                break
        else:
            self._zone = "Asia/Tokyo"
        value = self._read(root, Profile, ())
        return None if self.findings or not isinstance(value, Profile) else value

    # --- by type -----------------------------------------------------------------------------

    def _read(self, node: Node, kind: Any, path: tuple[str | int, ...]) -> Any:
        self.places.setdefault(join(*path), _place(node))
        if not self._spend(node, path):
            return _BAD
        tag = node.tag.removeprefix(_TAG)
        if tag not in _TAGS:
            return self._complain(
                node,
                path,
                "tag",
                f"YAML タグ {node.tag} は使えません。",
                f"YAML tags like {node.tag} are not used here.",
            )
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in {Union, types.UnionType}:
            if type(None) in arguments:
                if tag == "null":
                    return None
                arguments = tuple(a for a in arguments if a is not type(None))
            if len(arguments) == 1:
                return self._read_again(node, arguments[0], path)
            return self._tagged(node, arguments, path)
        if origin is tuple:
            return self._list(node, arguments[0], path)
        if origin is dict:
            return self._dict(node, arguments[1], path)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(node, kind, path)
        return self._scalar(node, tag, kind, path)

    def _spend(self, node: Node, path: tuple[str | int, ...]) -> bool:
        """Count one more value; False, with a complaint, when there are too many."""
        self._left -= 1
        if self._left == -1:
            self._complain(
                node,
                path,
                "too-big",
                "値が多すぎます（エイリアスの展開が大きすぎないか確かめてください）。",
                "too many values: do aliases multiply each other?",
            )
        return self._left >= 0

    def _read_again(self, node: Node, kind: Any, path: tuple[str | int, ...]) -> Any:
        self._left += 1
        return self._read(node, kind, path)

    def _struct(
        self,
        node: Node,
        kind: type[msgspec.Struct],
        path: tuple[str | int, ...],
        tag_field: str | None = None,
    ) -> Any:
        if not isinstance(node, MappingNode):
            return self._expected(node, path, "キーと値", "keys and values")
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        values: dict[str, Any] = {}
        for key, key_node, value_node in self._items(node, path):
            if key == tag_field:
                continue
            field = fields.get(key)
            if field is None:
                hint = did_you_mean(key, [*fields, *([tag_field] if tag_field else [])])
                self._complain(
                    key_node,
                    (*path, key),
                    "unknown-key",
                    f"{show(key)} というキーはありません。{hint[0]}",
                    f"unknown key {show(key)}.{hint[1]}",
                )
                continue
            values[field.name] = self._read_at(key_node, value_node, field.type, (*path, key))
        for name, field in fields.items():
            if field.required and field.name not in values:
                values[field.name] = self._complain(
                    node,
                    path,
                    "missing-key",
                    f"必須のキー {name!r} がありません。",
                    f"the required key {name!r} is missing.",
                )
        return _BAD if any(value is _BAD for value in values.values()) else kind(**values)

    def _tagged(
        self, node: Node, kinds: tuple[type[msgspec.Struct], ...], path: tuple[str | int, ...]
    ) -> Any:
        """One of several structs, told apart by a key (``type: slack``)."""
        if not isinstance(node, MappingNode):
            return self._expected(node, path, "キーと値", "keys and values")
        config = kinds[0].__struct_config__
        tag_field = str(config.tag_field)
        by_tag = {str(kind.__struct_config__.tag): kind for kind in kinds}
        chosen = next(
            (v for k, v in node.value if isinstance(k, ScalarNode) and k.value == tag_field), None
        )
        names = ", ".join(by_tag)
        if chosen is None:
            return self._complain(
                node,
                path,
                "missing-key",
                f"必須のキー {tag_field!r}（{names}）がありません。",
                f"the required key {tag_field!r} ({names}) is missing.",
            )
        word = chosen.value if isinstance(chosen, ScalarNode) else ""
        if word not in by_tag:
            hint = did_you_mean(word, by_tag)
            return self._complain(
                chosen,
                (*path, tag_field),
                "wrong-value",
                f"{tag_field} は {names} のどれかです（{show(word)}）。{hint[0]}",
                f"expected one of {names}, got {show(word)}.{hint[1]}",
            )
        return self._struct(node, by_tag[word], path, tag_field)

    def _list(self, node: Node, kind: Any, path: tuple[str | int, ...]) -> Any:
        if not isinstance(node, SequenceNode):
            hint = f"[{node.value}]" if isinstance(node, ScalarNode) and node.value else "[…]"
            return self._expected(node, path, f"リスト（{hint}）", f"a list ({hint})")
        values = [self._read(item, kind, (*path, n)) for n, item in enumerate(node.value)]
        return _BAD if _BAD in values else tuple(values)

    def _dict(self, node: Node, kind: Any, path: tuple[str | int, ...]) -> Any:
        if not isinstance(node, MappingNode):
            return self._expected(node, path, "名前と値", "names and values")
        values = {
            key: self._read_at(key_node, value_node, kind, (*path, key))
            for key, key_node, value_node in self._items(node, path)
        }
        return _BAD if _BAD in values.values() else values

    def _read_at(
        self, key_node: Node, value_node: Node, kind: Any, path: tuple[str | int, ...]
    ) -> Any:
        """Read a value whose place in messages about its path is that of its key."""
        self.places.setdefault(join(*path), _place(key_node))
        return self._read(value_node, kind, path)

    def _scalar(self, node: Node, tag: str, kind: Any, path: tuple[str | int, ...]) -> Any:
        origin, arguments = get_origin(kind), get_args(kind)
        choices: tuple[Any, ...] = arguments if origin is Literal else ()
        if not isinstance(node, ScalarNode) or tag == "null":
            what = _kind_name(kind, choices)
            return self._expected(node, path, *what)
        text: str = node.value
        try:
            if choices:
                return _choice(text, tag, choices)
            if kind is bool:
                return _boolean(text, tag)
            if kind is int:
                return _integer(text, tag)
            if kind in self._scalars:
                return self._scalars[kind](text)
            for note in getattr(kind, "__metadata__", ()):
                parse = self._formats.get(str((note.extra or {}).get("format", "")))
                if parse is not None:
                    return parse(text)
        except WrongValueError as error:
            return self._complain(node, path, "wrong-value", error.japanese, error.english)
        return text if tag == "str" else self._expected(node, path, "文字列", "text")

    # --- mappings ----------------------------------------------------------------------------

    def _items(
        self, node: MappingNode, path: tuple[str | int, ...], merges: int = 0
    ) -> Iterator[tuple[str, Node, Node]]:
        """Keys and values of a mapping; its own before those merged in with ``<<``."""
        seen: dict[str, Node] = {}
        merged: list[Node] = []
        for key_node, value_node in node.value:
            if not self._spend(key_node, path):
                return
            if not isinstance(key_node, ScalarNode):
                self._expected(key_node, path, "キー（文字列）", "a key (text)")
            elif key_node.tag == _TAG + "merge":
                merged += value_node.value if isinstance(value_node, SequenceNode) else [value_node]
            elif key_node.value in seen:
                first = seen[key_node.value].start_mark.line + 1
                self._complain(
                    key_node,
                    (*path, key_node.value),
                    "duplicate-key",
                    f"キー {show(key_node.value)} は {first} 行目にもあります。",
                    f"the key {show(key_node.value)} is already on line {first}.",
                )
            elif key_node.tag != _TAG + "str":
                self._expected(key_node, path, "キー（文字列）", "a key (text)")
            else:
                seen[key_node.value] = key_node
                yield key_node.value, key_node, value_node
        for source in merged:
            # An alias may merge a mapping into itself.
            if not isinstance(source, MappingNode) or merges == MAX_MERGES:
                self._expected(source, path, "<< に別のキーと値", "other keys and values for <<")
                continue
            for key, key_node, value_node in self._items(source, path, merges + 1):
                if key not in seen:
                    seen[key] = key_node
                    yield key, key_node, value_node

    # --- complaints --------------------------------------------------------------------------

    def _complain(
        self, node: Node, path: tuple[str | int, ...], code: str, japanese: str, english: str
    ) -> _Bad:
        line, column = _place(node)
        self.findings.append(
            Finding("error", code, join(*path), japanese, english, self._file, line, column)
        )
        return _BAD

    def _expected(
        self, node: Node, path: tuple[str | int, ...], japanese: str, english: str
    ) -> _Bad:
        tag = node.tag.removeprefix(_TAG)
        got_ja, got_en = _WHAT.get(tag, (tag, tag))
        shown = f" {show(node.value)}" if isinstance(node, ScalarNode) and node.value else ""
        hint_ja, hint_en = "", ""
        if isinstance(node, ScalarNode) and node.value and tag != "str" and english == "text":
            hint_ja, hint_en = (
                f' 引用符で囲んでください: "{node.value}"',
                f' Put it in quotes: "{node.value}".',
            )
        elif tag == "null":
            hint_ja, hint_en = " 使わないキーは書かないでください。", " Leave out unused keys."
        return self._complain(
            node,
            path,
            "wrong-type",
            f"{japanese}が必要ですが、{got_ja}{shown}です。{hint_ja}",
            f"expected {english}, got {got_en}{shown}.{hint_en}",
        )


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _peek(node: Node | None, names: tuple[str, ...]) -> str | None:
    """The scalar at a key path, if it is written there."""
    for name in names:
        if not isinstance(node, MappingNode):
            return None
        node = next((v for k, v in node.value if _is_key(k) and k.value == name), None)
    return node.value if isinstance(node, ScalarNode) else None


def _is_key(node: Node) -> TypeGuard[ScalarNode]:
    return isinstance(node, ScalarNode)


def _known_zone(name: str) -> str:
    """`name`, or UTC while it is wrong: that is complained about where it stands."""
    try:
        return parse_zone(name)
    except WrongValueError:
        return "UTC"


def _kind_name(kind: Any, choices: tuple[Any, ...]) -> tuple[str, str]:
    if choices:
        names = ", ".join(str(choice) for choice in choices)
        return f"{names} のどれか", f"one of {names}"
    if kind is Seconds:
        return "期間（15m など）", "a duration (like 15m)"
    if kind is ClockTime:
        return "時刻（09:00 など）", "a time of day (like 09:00)"
    if kind in {date, datetime}:
        return "日付", "a date"
    return _WHAT.get(getattr(kind, "__name__", "str"), _WHAT["str"])


def _choice(text: str, tag: str, choices: tuple[Any, ...]) -> Any:
    value: Any = text
    if isinstance(choices[0], int):
        value = _integer(text, tag)
    if value in choices:
        return value
    hint = did_you_mean(text, [str(choice) for choice in choices])
    names = ", ".join(str(choice) for choice in choices)
    raise WrongValueError(
        f"{names} のどれかです（{show(text)}）。{hint[0]}",
        f"expected one of {names}, got {show(text)}.{hint[1] if hint[1].startswith(' Did') else ''}",
    )


def _boolean(text: str, tag: str) -> bool:
    if tag == "bool" and text in {"true", "false"}:
        return text == "true"
    hint = (
        {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower())
        or {"true": "true", "false": "false"}.get(text.lower())
        or ""
    )
    raise WrongValueError(
        f"true か false を書きます（{show(text)}）。" + (f" もしかして: {hint}" if hint else ""),
        f"expected true or false, got {show(text)}." + (f" Did you mean {hint}?" if hint else ""),
    )


def _integer(text: str, tag: str) -> int:
    digits = text.removeprefix("-")
    # 010 is eight to YAML 1.1 and ten to people; 1:30 is ninety. Neither is meant.
    plain = digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
    if tag == "int" and plain and len(digits) < 10:
        return int(text)
    raise WrongValueError(
        f"整数が必要です（{show(text)}）。", f"expected a whole number, got {show(text)}."
    )
