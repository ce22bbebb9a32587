"""Whether the env file beside a data directory sets what is read at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from toban.adapters.local.files.blobs import EnvSecrets
from toban.channels.config import ChannelConfig
from toban.cli.kit import envfile
from toban.cli.kit.terminal import Terminal, nearest
from toban.sections.load import load_all
from toban.sections.secrets import unset_names
from toban.topology.reader import load

_SECRET: Final = "TOBAN_SECRET_"  # noqa: S105 - how the names of such variables begin
OTHERS: Final = (
    "TOBAN_ACTORS", "TOBAN_AUDIENCES", "TOBAN_BUCKET", "TOBAN_ENVIRONMENT", "TOBAN_FIRESTORE_ADMIN",
    "TOBAN_ID_TOKEN", "TOBAN_LOCATION", "TOBAN_LOG_LEVEL", "TOBAN_MEMORYSTORE_URL",
    "TOBAN_RUNTIME", "TOBAN_SQLADMIN_URL",
)  # fmt: skip
"""Settings besides those of channels (`toban.channels.config.ChannelConfig`)."""


def names() -> list[str]:
    """Return the names of all settings, secrets aside."""
    fields = msgspec.structs.fields(ChannelConfig)
    return [*(f"TOBAN_{f.name.upper()}" for f in fields if f.name == f.encode_name), *OTHERS]


def in_vain(variables: Mapping[str, str], unset: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """
    Yield what is set and read by nothing, with what was probably meant (empty: nobody knows).

    A secret is only told when one of like name, of those that are `unset`, is needed: another profile
    may need it.
    """
    settings = names()
    missing = [f"{_SECRET}{name}" for name in unset]
    for name in variables:
        if name.startswith(_SECRET):
            near = nearest(name.removeprefix(_SECRET), (m.removeprefix(_SECRET) for m in missing))
            if near and name not in missing:
                yield name, f"{_SECRET}{near}"
        elif name not in settings:
            yield name, nearest(name, settings)


def _secret_of(name: str) -> str:
    """The secret that a variable holds, or held before it was rotated."""
    return name.removeprefix(_SECRET).removesuffix("_PREVIOUS")


def tell_in_vain(data: Path, directories: Iterable[Path], terminal: Terminal) -> None:
    """
    Warn of what the env file of a data directory sets in vain, with its line.

    `directories`: of the profiles that need what it sets, as far as they can be loaded.
    """
    path = envfile.place(data)
    variables = envfile.read(path, terminal)
    if not variables:
        return
    profiles = [item.profile for directory in directories for item in load_all(directory)[0]]
    needed = unset_names(profiles, EnvSecrets({}))
    unset = needed & unset_names(profiles, EnvSecrets(os.environ))
    read = needed | {name for each in load().functions.values() for name in each.secrets}
    others = {n: v for n, v in variables.items() if _secret_of(n) not in read}
    lines = envfile.lines_of(path)
    for name, meant in in_vain(others, sorted(unset)):
        key = "env.meant" if meant else "env.unused"
        said = terminal.say(key, where=f"{path}:{lines.get(name, 0)}", name=name, meant=meant)
        terminal.note(terminal.paint(said, "yellow"))
