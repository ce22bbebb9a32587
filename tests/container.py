"""The recipe of the container image, as its instructions."""

from __future__ import annotations

import json
import re

from toban.topology.generate import ROOT

FOLDER = ROOT / "infra" / "container"


def instructions() -> list[tuple[str, str]]:
    """(INSTRUCTION, rest), with continued lines joined and comments left out."""
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    found = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, rest.strip()) for name, _, rest in found]


def said(name: str) -> list[str]:
    return [rest for each, rest in instructions() if each == name]


def command_line() -> list[str]:
    """What a container runs."""
    words = [json.loads(said(name)[0]) for name in ("ENTRYPOINT", "CMD")]
    return [str(word) for word in words[0] + words[1]]


def health_check() -> list[str]:
    words = json.loads(said("HEALTHCHECK")[0].partition("CMD")[2])
    return [str(word) for word in words]


def copied() -> list[str]:
    """What is taken from the checkout."""
    sources = [rest.split()[:-1] for rest in said("COPY") if not rest.startswith("--from")]
    return [each for words in sources for each in words]
