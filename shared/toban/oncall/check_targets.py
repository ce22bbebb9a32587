"""Checking targets: who may be meant, and whether they could be reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from toban.channels.check import check_channel_name
from toban.channels.section import CHANNELS
from toban.oncall.section import ONCALL
from toban.oncall.targets import ONCALL_ROLES
from toban.people.check import check_person_name
from toban.people.section import PEOPLE
from toban.profile.profile import Profile
from toban.strictyaml.findings import did_you_mean
from toban.strictyaml.report import Report


def is_human(target: str) -> bool:
    """Whether the target is a person, by name or by being on duty."""
    return target.startswith(("oncall:", "person:"))


def check_target(profile: Profile, target: str, path: str, report: Report) -> None:
    """Complain about a target that is not well formed or means nobody."""
    kind, colon, name = target.partition(":")
    if kind == "channel" and name:
        check_channel_name(profile, name, path, report)
    elif kind == "person" and name:
        check_person_name(profile, name, path, report)
    elif kind == "oncall" and name in ONCALL_ROLES:
        _check_oncall_target(profile, target, name, path, report)
    else:
        every = [f"oncall:{role}" for role in ONCALL_ROLES]
        every += [f"person:{person}" for person in profile[PEOPLE]]
        every += [f"channel:{channel}" for channel in profile[CHANNELS]]
        exact = [known for known in every if known.endswith(f":{target}")]
        hint = (
            (f" もしかして: {exact[0]}", f" Did you mean {exact[0]}?")
            if exact and not colon
            else did_you_mean(target, every)
        )
        report.error(
            "bad-target",
            path,
            f"{target!r} は宛先ではありません（oncall:primary、person:ID、channel:ID など）。{hint[0]}",
            f"{target!r} is not a target (oncall:primary|secondary|all, person:ID, channel:ID)."
            f"{hint[1]}",
        )


def mentioned_by(profile: Profile, targets: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The channels and people that targets may mean: (section, name)."""
    for target in targets:
        kind, _, name = target.partition(":")
        if kind == "channel":
            yield "channels", name
        yield from (("people", person) for person in people_meant(profile, target))


def _check_oncall_target(
    profile: Profile, target: str, role: str, path: str, report: Report
) -> None:
    rotation = profile[ONCALL]
    if rotation is None:
        report.error(
            "no-oncall",
            path,
            f"{target} を使うには oncall が必要です。",
            f"{target} needs an oncall section.",
        )
    elif role == "secondary" and not rotation.secondary and len(set(rotation.members)) < 2:
        report.warning(
            "no-secondary",
            path,
            "メンバーが一人なので副当番はいません。",
            "the rotation has a single member, so there is no secondary.",
        )


def people_meant(profile: Profile, target: str) -> list[str]:
    """The ids of all people that a target may mean at some time, in order, each once."""
    kind, _, name = target.partition(":")
    if kind == "person":
        return [name]
    rotation = profile[ONCALL]
    if kind != "oncall" or rotation is None:
        return []
    stand_ins = [o.person for o in rotation.overrides]
    secondary = rotation.secondary if name != "primary" else ()
    return list(dict.fromkeys([*rotation.members, *secondary, *stand_ins]))


def reach_problems(profile: Profile, target: str, via: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Why a target might not be reached through `via`, Japanese and English."""
    kind, _, name = target.partition(":")
    if kind == "channel":
        channel = profile[CHANNELS].get(name)
        if channel is not None and channel.room() is None:
            key = channel.ROOM_KEY
            yield (
                f"{target} には {key} がないので、人宛て（via）にしか使えません。",
                f"{target} has no {key!r}: it can only be used for people (via).",
            )
        return
    people = [p for p in people_meant(profile, target) if p in profile[PEOPLE]]
    if people and not via:
        yield (
            f"{target} へ連絡する手段がありません。via（重大度または段階）を書いてください。",
            f"there is no channel to reach {target} by: give via, in the severity or the step.",
        )
    for channel_id in via:
        channel = profile[CHANNELS].get(channel_id)
        if channel is None:
            continue
        for person in people:
            if channel.reaches(profile[PEOPLE][person].addresses) is None:
                japanese, english = channel.ADDRESS
                yield (
                    f"{person} には{japanese}がなく、{channel_id} で届きません。",
                    f"{person} has no {english}, which {channel_id} needs.",
                )
