"""The profiles in a directory, or those that are applied to a project."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from toban.adapters.local.files.blobs import EnvSecrets
from toban.cli.kit.places.local import exists
from toban.cli.kit.session import session
from toban.cli.kit.terminal import Problem, Terminal
from toban.profile.profile import Profile
from toban.sections.load import load_directory
from toban.strictyaml.findings import FileErrors


def is_set(secret: str) -> bool:
    """Return whether a secret has a value on this machine: in the environment, or the env file."""
    return bool(EnvSecrets(os.environ).values(secret))


def loaded(services: Path, terminal: Terminal) -> dict[str, Profile]:
    """Return the profiles of a directory; `Problem` with every error of loading."""
    try:
        return load_directory(services)
    except FileErrors as errors:
        lines = [finding.render(terminal.language) for finding in errors.findings]
        raise Problem("\n  ".join(lines)) from errors


def in_force(asked: argparse.Namespace, terminal: Terminal) -> tuple[dict[str, Profile], bool]:
    """
    Return the profiles by which people are called, and whether they are those of files: those that are applied to the data directory or to
    the project; before any are, or where a directory is named, those of the services directory.
    """
    if asked.project or (exists(asked.data) and not asked.services_named):
        with session(asked, terminal) as work:
            found = work.reader.profiles()
        if found or asked.project:
            return found, False
    return loaded(asked.services, terminal), True


def asked_for(asked: argparse.Namespace, terminal: Terminal) -> dict[str, Profile]:
    """Return those of the services directory, or those that are applied to the project."""
    if not asked.project:
        return loaded(asked.services, terminal)
    with session(asked, terminal) as work:
        return work.reader.profiles()
