"""`toban dev`."""

from __future__ import annotations

import argparse

from toban.cli.kit.terminal import Terminal


def dev(asked: argparse.Namespace, terminal: Terminal) -> int:  # noqa: ARG001
    """Run everything on this machine until told to stop."""
    from toban.local.runtime import serve

    return serve(
        asked.data, asked.services, asked.port, emulators=asked.emulators, quiet=asked.quiet
    )
