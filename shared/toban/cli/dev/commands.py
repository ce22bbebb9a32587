"""`toban dev`."""

from __future__ import annotations

import argparse
from datetime import datetime

from toban.cli.kit.ask import moment_of
from toban.cli.kit.envfile import place
from toban.cli.kit.terminal import Problem, Terminal


def dev(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Run everything on this machine until told to stop."""
    from toban.local.runtime import serve

    if not 0 <= asked.port <= 65_535:
        raise Problem(terminal.say("dev.no-port", port=asked.port), 2)
    virtual = asked.clock == "virtual"
    settings = place(asked.data) if asked.env_file else None
    if settings is not None and not asked.quiet:
        from toban.cli.kit.places.settings import tell_in_vain

        tell_in_vain(asked.data, [asked.services], terminal)
    return serve(
        asked.data,
        asked.services,
        asked.port,
        asked.host,
        emulators=asked.emulators,
        quiet=asked.quiet,
        settings=settings,
        virtual=virtual,
        at=_at(asked.at, terminal, virtual=virtual),
        language=terminal.language,
    )


def _at(word: str | None, terminal: Terminal, *, virtual: bool) -> datetime | None:
    if word is None:
        return None
    try:
        at = datetime.fromisoformat(word)
    except ValueError as error:
        raise Problem(terminal.say("dev.at", word=word), 2) from error
    if at.tzinfo is None or not virtual:
        raise Problem(terminal.say("dev.at", word=word), 2)
    return moment_of(word, "UTC", terminal)
