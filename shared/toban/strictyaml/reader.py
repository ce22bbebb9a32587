"""From YAML nodes to typed values, collecting every finding."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Final, TypeGuard, Union, get_args, get_origin

import msgspec
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from toban.kernel.clock.wallclock import is_zone
from toban.strictyaml.compose import FULL_WIDTH, WIDE_SPACE
from toban.strictyaml.findings import Finding, SourceMap, did_you_mean, join
from toban.strictyaml.scalars import NAMES, WrongValueError, constrained, expected, parse, show
from toban.strictyaml.texts import both
from toban.strictyaml.values import Section, is_section
from toban.texts import Both

MAX_MERGES: Final = 8
"""How many ``<<`` may follow from one another."""
MAX_NODES: Final = 20_000

_TAG: Final = "tag:yaml.org,2002:"
_TAGS = {"str", "int", "float", "bool", "null", "timestamp", "seq", "map", "merge", "value"}

_NOTHING: Final = (type(None), msgspec.UnsetType)
"""Of a union: what a key may be besides, which no file writes."""

Path = tuple[str | int, ...]


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """The fields of a type by their key; msgspec evaluates all annotations for each asking."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


class _Bad:
    """Stands for a value that was complained about already."""


_BAD: Final = _Bad()


class YamlReader:
    """
    Reads one file's nodes into typed values; `findings` and `places` fill while reading.

    A date and time without an offset is local to the nearest ``timezone`` around it.
    """

    def __init__(
        self,
        file: str,
        *,
        max_nodes: int = MAX_NODES,
        zone: str = "UTC",
        given: Mapping[type[msgspec.Struct], Mapping[str, Any]] | None = None,
        not_yet: Mapping[str, Both] | None = None,
    ) -> None:
        """
        Make a reader of the file that messages call `file`.

        Args:
            file: Its name in messages.
            max_nodes: Bounds the work, since aliases can make a small file endlessly large.
            zone: Where no ``timezone`` stands around a date and time.
            given: What entries of a type hold where the file does not say.
            not_yet: Keys at the top that have a meaning, and why they cannot be written (Japanese,
                English).
        """
        self.findings: list[Finding] = []
        self.places: dict[str, tuple[int, int]] = {}
        self._file = file
        self._left = max_nodes
        self._zone = zone
        self._given = given or {}
        self._not_yet = not_yet or {}

    @property
    def source(self) -> SourceMap:
        """Return the place of every key path."""
        return SourceMap(self._file, self.places)

    def read(self, root: Node, kind: type[msgspec.Struct]) -> Any:
        """Return the file's content as a `kind`; None when anything was wrong (see `findings`)."""
        value = self._read(root, kind, ())
        return None if self.findings else value

    def read_key(self, root: MappingNode, name: str, kind: type[msgspec.Struct]) -> Any:
        """Return one top-level key's content as a `kind`; None where it is absent or wrong."""
        for key, value in root.value:
            if _is_key(key) and key.value == name:
                found = self._read_at(key, value, kind, (name,))
                return None if found is _BAD else found
        return None

    # --- by type -----------------------------------------------------------------------------

    def _read(self, node: Node, kind: Any, path: Path) -> Any:
        self.places.setdefault(join(*path), _place(node))
        if not self._spend(node, path):
            return _BAD
        tag = node.tag.removeprefix(_TAG)
        if tag not in _TAGS:
            return self._complain(
                node,
                path,
                "tag",
                both("finding.yaml.tag", tag=node.tag),
            )
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return self._annotated(node, tag, kind, path)
        if origin in {Union, types.UnionType}:
            if type(None) in arguments and tag == "null" and not is_section(arguments):
                return None
            arguments = tuple(a for a in arguments if a not in _NOTHING)
            if len(arguments) == 1:
                return self._read_again(node, arguments[0], path)
            return self._tagged(node, arguments, path)
        if origin is tuple:
            return self._list(node, arguments, path)
        if origin is dict:
            return self._dict(node, arguments[0], arguments[1], path)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(node, kind, path)
        return self._scalar(node, tag, kind, path)

    def _spend(self, node: Node, path: Path) -> bool:
        """Count one more value; False, with a complaint, when there are too many."""
        self._left -= 1
        if self._left == -1:
            self._complain(
                node,
                path,
                "too-big",
                both("finding.yaml.too-many"),
            )
        return self._left >= 0

    def _read_again(self, node: Node, kind: Any, path: Path) -> Any:
        self._left += 1
        return self._read(node, kind, path)

    def _struct(
        self,
        node: Node,
        kind: type[msgspec.Struct],
        path: Path,
        tag_field: str | None = None,
    ) -> Any:
        if not isinstance(node, MappingNode):
            meant = ""
            if isinstance(node, ScalarNode) and issubclass(kind, Section):
                meant = kind.instead(node.value)
            return self._expected(node, path, NAMES["map"], meant and f"{path[-1]}: {meant}")
        fields = _fields(kind)
        values: dict[str, Any] = {}
        around = self._zone
        if "timezone" in fields:
            self._zone = zone_written(node, "timezone") or around
        for key, key_node, value_node in self._items(node, path):
            if key == tag_field:
                continue
            field = fields.get(key)
            if field is None:
                self._unknown(key_node, key, path, [*fields, *([tag_field] if tag_field else [])])
                continue
            values[field.name] = self._read_at(key_node, value_node, field.type, (*path, key))
        self._zone = around
        for name, value in self._given.get(kind, {}).items():
            values.setdefault(name, value)
        for name, field in fields.items():
            if field.required and field.name not in values:
                values[field.name] = self._complain(
                    node,
                    path,
                    "missing-key",
                    both("finding.yaml.missing", name=repr(name)),
                )
        return _BAD if any(value is _BAD for value in values.values()) else kind(**values)

    def _unknown(self, key_node: Node, key: str, path: Path, known: list[str]) -> None:
        if not path and key in self._not_yet:
            self._complain(key_node, (key,), "not-yet", self._not_yet[key])
            return
        if FULL_WIDTH.match(key):
            hint = both("finding.yaml.hint.full-width")
        elif "\u3000" in key:
            hint = both("finding.yaml.hint.wide-space")
        else:
            hint = did_you_mean(key, known)
        self._complain(
            key_node,
            (*path, key),
            "unknown-key",
            both("finding.yaml.unknown-key", key=show(key), hint=hint),
        )

    def _tagged(self, node: Node, kinds: tuple[type[msgspec.Struct], ...], path: Path) -> Any:
        """One of several structs, told apart by a key (``type: slack``)."""
        if not isinstance(node, MappingNode):
            return self._expected(node, path, NAMES["map"])
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
                both("finding.yaml.missing-kind", tag_field=repr(tag_field), names=names),
            )
        word = chosen.value if isinstance(chosen, ScalarNode) else ""
        if word not in by_tag:
            hint = did_you_mean(word, by_tag)
            return self._complain(
                chosen,
                (*path, tag_field),
                "wrong-value",
                both("finding.yaml.choice", names=names, text=show(word), hint=hint),
            )
        return self._struct(node, by_tag[word], path, tag_field)

    def _list(self, node: Node, kinds: tuple[Any, ...], path: Path) -> Any:
        if not isinstance(node, SequenceNode):
            hint = f"[{node.value}]" if isinstance(node, ScalarNode) and node.value else "[…]"
            return self._expected(node, path, both("finding.yaml.list", hint=hint))
        if kinds[-1] is Ellipsis:
            kinds = kinds[:1] * len(node.value)
        elif len(kinds) != len(node.value):
            n = len(kinds)
            return self._expected(node, path, both("finding.yaml.list-of", n=n))
        items = enumerate(zip(node.value, kinds, strict=True))
        values = [self._read(item, kind, (*path, n)) for n, (item, kind) in items]
        return _BAD if _BAD in values else tuple(values)

    def _dict(self, node: Node, name_kind: Any, kind: Any, path: Path) -> Any:
        if not isinstance(node, MappingNode):
            return self._expected(node, path, both("finding.yaml.dict"))
        values: dict[str, Any] = {}
        for key, key_node, value_node in self._items(node, path):
            values[key] = self._read_at(key_node, value_node, kind, (*path, key))
            try:
                constrained(key, name_kind)
            except WrongValueError as error:
                values[key] = self._complain(key_node, (*path, key), "wrong-value", error.message)
        return _BAD if _BAD in values.values() else values

    def _read_at(self, key_node: Node, value_node: Node, kind: Any, path: Path) -> Any:
        """Read a value whose place in messages about its path is that of its key."""
        self.places.setdefault(join(*path), _place(key_node))
        return self._read(value_node, kind, path)

    def _annotated(self, node: Node, tag: str, kind: Any, path: Path) -> Any:
        """A value whose type says more about it: a form of its own, or bounds."""
        if any((note.extra or {}).get("format") for note in kind.__metadata__):
            return self._scalar(node, tag, kind, path)
        value = self._read_again(node, get_args(kind)[0], path)
        try:
            return value if value is _BAD else constrained(value, kind)
        except WrongValueError as error:
            return self._complain(node, path, "wrong-value", error.message)

    def _scalar(self, node: Node, tag: str, kind: Any, path: Path) -> Any:
        if not isinstance(node, ScalarNode) or tag == "null":
            return self._expected(node, path, expected(kind))
        try:
            value = parse(node.value, tag, kind, self._zone)
        except WrongValueError as error:
            return self._complain(node, path, "wrong-value", error.message)
        return self._expected(node, path, NAMES["str"]) if value is None else value

    # --- mappings ----------------------------------------------------------------------------

    def _items(
        self, node: MappingNode, path: Path, merges: int = 0
    ) -> Iterator[tuple[str, Node, Node]]:
        """Keys and values of a mapping; its own before those merged in with ``<<``."""
        seen: dict[str, Node] = {}
        merged: list[Node] = []
        for key_node, value_node in node.value:
            if not self._spend(key_node, path):
                return
            if not isinstance(key_node, ScalarNode):
                self._expected(key_node, path, both("finding.yaml.key"))
            elif key_node.tag == _TAG + "merge":
                merged += value_node.value if isinstance(value_node, SequenceNode) else [value_node]
            elif key_node.value in seen:
                first = seen[key_node.value].start_mark.line + 1
                self._complain(
                    key_node,
                    (*path, key_node.value),
                    "duplicate-key",
                    both("finding.yaml.duplicate-key", value=show(key_node.value), first=first),
                )
            elif key_node.tag != _TAG + "str":
                self._expected(key_node, path, both("finding.yaml.key"))
            else:
                seen[key_node.value] = key_node
                yield key_node.value, key_node, value_node
        for source in merged:
            # An alias may merge a mapping into itself.
            if not isinstance(source, MappingNode) or merges == MAX_MERGES:
                self._expected(source, path, both("finding.yaml.merged"))
                continue
            for key, key_node, value_node in self._items(source, path, merges + 1):
                if key not in seen:
                    seen[key] = key_node
                    yield key, key_node, value_node

    # --- complaints --------------------------------------------------------------------------

    def _complain(self, node: Node, path: Path, code: str, message: Both) -> _Bad:
        line, column = _place(node)
        self.findings.append(Finding("error", code, join(*path), message, self._file, line, column))
        return _BAD

    def _expected(self, node: Node, path: Path, wanted: Both, instead: str = "") -> _Bad:
        tag = node.tag.removeprefix(_TAG)
        got = NAMES.get(tag, tag)
        shown = f" {show(node.value)}" if isinstance(node, ScalarNode) and node.value else ""
        hint: Both | str = ""
        if isinstance(node, ScalarNode) and node.value and tag != "str" and wanted == NAMES["str"]:
            hint = both("finding.yaml.hint.quote", value=node.value)
        elif tag == "null":
            hint = both("finding.yaml.hint.unused")
        elif isinstance(node, ScalarNode) and FULL_WIDTH.match(node.value):
            hint = both("finding.yaml.hint.full-width")
        elif isinstance(node, ScalarNode) and WIDE_SPACE.match(node.value):
            hint = both("finding.yaml.hint.wide-space")
        elif instead:
            hint = both("finding.yaml.hint.instead", written=instead)
        return self._complain(
            node,
            path,
            "wrong-type",
            both("finding.yaml.expected", wanted=wanted, got=got, shown=shown, hint=hint),
        )


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def written(node: Node | None, *names: str) -> str | None:
    """Return the scalar at a key path, if it is written there."""
    for name in names:
        if not isinstance(node, MappingNode):
            return None
        node = next((v for k, v in node.value if _is_key(k) and k.value == name), None)
    return node.value if isinstance(node, ScalarNode) else None


def zone_written(node: Node | None, *names: str) -> str | None:
    """
    Return the zone at a key path, if one is written there; UTC while it is wrong (it is told
    there).
    """
    name = written(node, *names)
    return name if name is None or is_zone(name) else "UTC"


def _is_key(node: Node) -> TypeGuard[ScalarNode]:
    return isinstance(node, ScalarNode)
