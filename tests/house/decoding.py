"""
msgspec decodes in `toban.kernel.prepared` alone: two threads that meet a new type at the same
moment end the process elsewhere.
"""

from __future__ import annotations

from tests.house.tree import Tree

HOME = "toban.kernel.prepared"
DECODING = frozenset(
    {"msgspec.convert", "msgspec.from_builtins"}
    | {f"msgspec.{way}.{what}" for way in ("json", "msgpack", "yaml", "toml") for what in ("decode", "Decoder")}
)  # fmt: skip
MODULES = frozenset({"msgspec", "msgspec.json", "msgspec.msgpack", "msgspec.yaml", "msgspec.toml"})
"""Handed on as a whole, nobody sees what is done with them."""
INNER = "msgspec._"
"""What the others are made of."""


def violations(tree: Tree) -> list[str]:
    """Every place but one where msgspec is told to decode, or might be."""
    return [
        f"{module.path}:{line}: {name} outside of {HOME}: use its from_json, converted or decoder"
        for module in tree.modules.values()
        if module.name != HOME
        for line, name in _decoding(module.references, tree)
    ]


def _decoding(references: list[tuple[int, str]], tree: Tree) -> list[tuple[int, str]]:
    found = {(line, final) for line, name in references for final in tree.final(name)}
    return sorted(
        (line, name) for line, name in found if name in DECODING | MODULES or name.startswith(INNER)
    )
