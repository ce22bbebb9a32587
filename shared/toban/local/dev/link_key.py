"""The key that signs links in messages, where none is configured."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from toban.adapters.local.files.blobs import EnvSecrets
from toban.notify.links import SIGNING

LINK_KEY = "link.key"
"""Name in a data directory."""


def with_link_key(data: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """
    Return an environment in which links can be signed.

    Where no key is configured, it is one of the data directory: made at the first start, readable
    by this user alone, and kept, so that links of messages already sent stay good.
    """
    if EnvSecrets(environ).values(SIGNING):
        return dict(environ)
    path = data / LINK_KEY
    data.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        new = data / f"{LINK_KEY}.{secrets.token_hex(8)}"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        try:
            path.hardlink_to(new)  # whole or not at all, and never over one that is there
        finally:
            new.unlink()
    return {**environ, f"TOBAN_SECRET_{SIGNING}": path.read_text(encoding="utf-8")}
