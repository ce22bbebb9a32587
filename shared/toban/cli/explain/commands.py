"""`toban explain`: what would become of an alert, by the profiles; nothing is sent or stored."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from toban.channels.section import CHANNELS
from toban.cli.explain.explanation import Call, Explanation, explanation, service_of
from toban.cli.kit.ask import moment_of
from toban.cli.kit.profiles import asked_for
from toban.cli.kit.terminal import Problem, Terminal, nearest
from toban.cli.kit.times import Times, now
from toban.events import AlertFired
from toban.kernel.event import timestamp
from toban.kernel.i18n import duration, moment
from toban.oncall.targets import ONCALL_ROLES, Contact
from toban.people.section import PEOPLE
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.sections.files import check_directory

_WHEN = "%Y-%m-%d %H:%M:%S"


def explain(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Show it; with ``--expect``, 1 when others would be called at first."""
    profiles = asked_for(asked, terminal)
    labels = _labels(asked.label, terminal)
    if asked.service is not None:
        labels["service"] = asked.service
    profile, _ = service_of(profiles, labels)
    at = now() if asked.at is None else moment_of(asked.at, profile[SERVICE].timezone, terminal)
    found = explanation(profiles, _alert(asked, labels, at), at)
    _require_targets(asked.expect or (), found.profile, terminal)
    wrong = _unexpected(asked.expect, found)
    if asked.json:
        terminal.json(_view(found) | ({"expected": not wrong} if asked.expect else {}))
        return int(bool(wrong))
    _show(found, asked, terminal)
    _hint(labels, profiles, found, terminal)
    _doubt(asked, terminal)
    for key, targets in wrong.items():
        terminal.note(terminal.say(f"explain.{key}", targets=", ".join(targets)))
    return int(bool(wrong))


def _labels(words: Sequence[str], terminal: Terminal) -> dict[str, str]:
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Problem(terminal.say("explain.bad-label", word=word), 2)
        found[name] = value
    return found


def _hint(
    labels: Mapping[str, str],
    profiles: Mapping[str, Profile],
    found: Explanation,
    terminal: Terminal,
) -> None:
    """Say that the label ``service`` names none, where it decided nothing for that reason."""
    named = labels.get("service", "")
    if not named or found.because == "label":
        return
    near = nearest(named, profiles)
    hint = terminal.say("error.meant", word=near) if near else ""
    terminal.note(terminal.say("explain.no-service", service=named, hint=hint))


def _doubt(asked: argparse.Namespace, terminal: Terminal) -> None:
    """Say that a file is explained that `toban check` refuses: it is never applied as it is."""
    if asked.project:
        return
    wrong = [f for f in check_directory(asked.services) if f.severity == "error"]
    if wrong:
        terminal.note(
            terminal.say("explain.refused", n=len(wrong), file=wrong[0].file, line=wrong[0].line)
        )


def _require_targets(words: Sequence[str], profile: Profile, terminal: Terminal) -> None:
    """Refuse a bare name: whoever compares it would find it missing for ever."""
    known = [
        *(f"person:{name}" for name in profile[PEOPLE]),
        *(f"channel:{name}" for name in profile[CHANNELS]),
        *(f"oncall:{role}" for role in ONCALL_ROLES),
    ]
    for word in words:
        if "," in word or " " in word.strip():
            raise Problem(terminal.say("explain.one-target", word=word), 2)
        kind, _, name = word.partition(":")
        if kind not in ("person", "channel", "oncall") or (
            kind == "oncall" and name not in ONCALL_ROLES
        ):
            bare = {target.partition(":")[2]: target for target in reversed(known)}
            near = nearest(word, known) if ":" in word else bare.get(nearest(word, bare))
            hint = terminal.say("error.meant", word=near) if near else ""
            what = terminal.say("what.expected")
            raise Problem(terminal.say("error.choice", word=word, what=what, hint=hint), 2)


def _alert(asked: argparse.Namespace, labels: dict[str, str], at: datetime) -> AlertFired:
    return AlertFired(
        source=asked.source or "generic",
        fingerprint="explained",
        rule=asked.rule,
        title=asked.rule,
        severity=asked.severity,
        labels=labels,
        starts_at=at,
    )


def _unexpected(expected: Sequence[str] | None, found: Explanation) -> Mapping[str, list[str]]:
    """Who should be called at first and is not, and the other way round."""
    if expected is None:
        return {}
    called = [(contact.target, contact.asked) for contact in found.calls[0].reached.contacts]
    words = set(expected)
    missing = sorted(words - {name for names in called for name in names})
    more = sorted({names[0] for names in called if not words.intersection(names)})
    return {key: targets for key, targets in (("missing", missing), ("more", more)) if targets}


def _view(found: Explanation) -> dict[str, Any]:
    return {
        "service": found.profile[SERVICE].id,
        "because": found.because,
        "environment": found.environment,
        "calls_people": found.calls_people,
        "severity": found.severity.level,
        "severity_label": found.severity.label,
        "knows_severity": found.knows_word,
        "incident_key": found.key,
        "respond_by": timestamp(found.respond_by) if found.respond_by else None,
        "calls": [_call(call) for call in found.calls],
        "channels": list(found.channels()),
        "secrets": list(found.secrets()),
    }


def _call(call: Call) -> dict[str, Any]:
    return {
        "at": timestamp(call.at),
        "step": call.step,
        "reason": call.reason,
        "contacts": [
            {
                "target": contact.target,
                "name": contact.display_name,
                "channel": contact.channel_id,
                "address": contact.address,
                "asked": contact.asked,
            }
            for contact in call.reached.contacts
        ],
        "unreachable": list(call.reached.unreachable),
    }


def _show(found: Explanation, asked: argparse.Namespace, terminal: Terminal) -> None:
    profile = found.profile
    service = profile[SERVICE]
    facts = [
        ("service", _why(service.id, terminal.say(f"explain.because.{found.because}"), terminal)),
        ("severity", _severity(found, asked.severity, terminal)),
        ("environment", found.environment),
        ("key", found.key or terminal.say("explain.key.none")),
    ]
    if found.respond_by is not None:
        left = found.respond_by - found.calls[0].at
        within = duration(terminal.language, left.total_seconds())
        by = _moment(found.respond_by, profile, terminal)
        facts.append(("respond", _why(within, by, terminal)))
    place = asked.project or asked.services
    facts.append(
        ("by", terminal.say("explain.project" if asked.project else "explain.files", place=place))
    )
    facts.append(("secrets", ", ".join(found.secrets()) or terminal.say("explain.secrets.none")))
    titles = [terminal.say(f"explain.{key}") for key, _ in facts]
    terminal.table(["", ""], list(zip(titles, [text for _, text in facts], strict=True)), fold=(1,))
    terminal.line()
    if not found.calls_people:
        terminal.line(terminal.say("explain.nobody-called", environment=found.environment))
    times = Times((call.at, service.timezone) for call in found.calls)
    rows = [row for call in found.calls for row in _rows(call, profile, times, terminal)]
    terminal.table(
        terminal.titles("when", "occasion", "who", "by", "for", when=times.title),
        rows,
        spare=(4,),
        fold=(1, 2, 3),
    )


def _severity(found: Explanation, word: str, terminal: Terminal) -> str:
    label = found.severity.label
    if found.knows_word:
        return label
    key = "explain.word.unknown" if word else "explain.word.none"
    return _why(label, terminal.say(key, word=word), terminal)


def _why(what: str, why: str, terminal: Terminal) -> str:
    return terminal.say("explain.and-why", what=what, why=why)


def _rows(call: Call, profile: Profile, times: Times, terminal: Terminal) -> list[list[str]]:
    when = times.written(call.at, profile[SERVICE].timezone, _WHEN)
    why = terminal.say(f"explain.why.{call.reason}", n=call.step + 1)
    rows = [
        [when, why, _who(contact), contact.channel_id, contact.asked]
        for contact in call.reached.contacts
    ]
    rows += [[when, why, sentence, "", ""] for sentence in call.reached.unreachable]
    return [row if not n else ["", "", *row[2:]] for n, row in enumerate(rows)]


def _who(contact: Contact) -> str:
    return contact.display_name if contact.person_id else contact.target


def _moment(at: datetime, profile: Profile, terminal: Terminal) -> str:
    return moment(terminal.language, at, profile[SERVICE].timezone)
