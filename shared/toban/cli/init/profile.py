"""The first profile of a service: as small as is useful, with comments for whoever changes it."""

from __future__ import annotations

import json
import re
from datetime import date

from toban.cli.init.answers import NewService, people_ids
from toban.cli.kit.terminal import say

_PLAIN = re.compile(r"[^\W\d_](?:[\w .@&+-]*\w)?")
_MEANT_OTHERWISE = frozenset(
    {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}
)
_COLUMN = 38


def profile_of(service: NewService, *, default: bool, first_shift: date) -> str:
    """
    Return the YAML of a profile; `default`: it takes alerts that match no service.

    Two severities: one calls whoever is on duty and goes on to everybody, one is only posted. Mail
    where everybody has an address; without a mail server it falls back to the terminal.
    """

    def comment(key: str) -> str:
        return say(service.language, f"init.profile.{key}")

    ids = [scalar(id_) for id_ in people_ids(service.people)]
    mailed = all(each.email for each in service.people)
    via = "mail" if mailed else "console"
    lines = [
        *(f"# {line}" for line in comment("head").splitlines()),
        "",
        "service:",
        f"  id: {scalar(service.id)}",
        f"  name: {scalar(service.name)}",
        f"  language: {service.language}",
        f"  timezone: {service.zone}",
    ]
    if default:
        lines.append(_beside("  default: true", comment("default")))
    lines += [f"  # {line}" for line in comment("match").splitlines()]
    rule = f"match: [{{labels: {{service: {scalar(service.id)}}}}}]"
    lines += [
        f"  #   {rule}" if default else f"  {rule}",
        "",
        "severities:",
        "  - label: P1",
        "    level: 1",
        _beside("    words: [critical, error]", comment("words")),
        _beside("    respond_within: 15m", comment("respond")),
        f"    via: [{via}]",
        "  - label: P3",
        "    level: 3",
        "    words: [warning, info]",
        _beside('    notify: ["channel:console"]', comment("posted")),
        "",
        "channels:",
        _beside("  console: {type: console}", comment("console")),
    ]
    if mailed:
        lines.append(_beside("  mail: {type: email, fallback: console}", comment("mail")))
    lines += [
        *(f"  # {line}" for line in comment("slack").splitlines()),
        "",
        "people:",
    ]
    for id_, each in zip(ids, service.people, strict=True):
        email = f", email: {scalar(each.email)}" if each.email else ""
        lines.append(f"  {id_}: {{name: {scalar(each.name)}{email}}}")
    lines += [
        "",
        "oncall:",
        _beside(f"  members: [{', '.join(ids)}]", comment("members")),
        f"  first_shift: {first_shift.isoformat()}",
        "",
        "escalation:",
        "  - severities: [P1]",
        "    steps:",
        _beside('      - {after: 0m, notify: ["oncall:primary"]}', comment("first")),
    ]
    if len(ids) > 1:
        lines.append(_beside('      - {after: 15m, notify: ["oncall:all"]}', comment("all")))
    return "\n".join(lines) + "\n"


def scalar(text: str) -> str:
    """Return text as YAML has it: quoted unless it is a plain word that means nothing else."""
    if _PLAIN.fullmatch(text) and text.lower() not in _MEANT_OTHERWISE:
        return text
    return json.dumps(text, ensure_ascii=False)


def _beside(line: str, comment: str) -> str:
    return f"{line.ljust(_COLUMN)} # {comment}"
