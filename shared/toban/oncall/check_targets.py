"""Checking targets: whom they mean, and whether they could be reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from toban.channels.check import check_channel_name
from toban.channels.section import CHANNELS
from toban.oncall.section import ONCALL
from toban.oncall.targets import ONCALL_ROLES, parts
from toban.oncall.texts import both
from toban.people.check import check_person_name
from toban.people.section import PEOPLE
from toban.profile.profile import Profile
from toban.strictyaml.findings import did_you_mean, meant
from toban.strictyaml.report import Report
from toban.texts import Both


def is_human(target: str) -> bool:
    """Return whether the target is a person, by name or by being on duty."""
    return target.startswith(("oncall:", "person:"))


def check_target(profile: Profile, target: str, path: str, report: Report) -> None:
    """Report a target that is malformed or means nobody."""
    kind, name = parts(target)
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
        hint = meant(exact[0]) if exact else did_you_mean(target, every)
        report.error(
            "bad-target",
            path,
            both("finding.oncall.bad-target", target=repr(target), hint=hint),
        )


def mentioned_by(profile: Profile, targets: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the channels and people that targets may mean: (section, name)."""
    for target in targets:
        kind, name = parts(target)
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
            both("finding.oncall.no-oncall", target=target),
        )
    elif role == "secondary" and not rotation.secondary and len(set(rotation.members)) < 2:
        report.warning(
            "no-secondary",
            path,
            both("finding.oncall.no-secondary"),
        )


def people_meant(profile: Profile, target: str) -> list[str]:
    """Return the ids of all people that a target may mean at some time, in order, each once."""
    kind, name = parts(target)
    if kind == "person":
        return [name]
    rotation = profile[ONCALL]
    if kind != "oncall" or rotation is None:
        return []
    stand_ins = [o.person for o in rotation.overrides]
    secondary = rotation.secondary if name != "primary" else ()
    return list(dict.fromkeys([*rotation.members, *secondary, *stand_ins]))


def unnoticed(profile: Profile, target: str, via: Sequence[str]) -> Iterator[Both]:
    """
    Yield which people that a target may mean hear nothing although every channel takes the message,
    in Japanese and English.
    """
    channels = [profile[CHANNELS][id] for id in via if id in profile[CHANNELS]]
    for person in people_meant(profile, target):
        if person not in profile[PEOPLE] or not channels:
            continue
        addresses = profile[PEOPLE][person].addresses
        reaching = [c for c in channels if c.reaches(addresses) is not None]
        if reaching and not any(channel.notices(addresses) for channel in reaching):
            yield both("finding.oncall.unnoticed", person=person, channels=", ".join(via))


def reach_problems(profile: Profile, target: str, via: Sequence[str]) -> Iterator[Both]:
    """Return why a target might not be reached through `via`, in Japanese and English."""
    kind, name = parts(target)
    if kind == "channel":
        channel = profile[CHANNELS].get(name)
        if channel is not None and channel.room() is None:
            key = channel.ROOM_KEY
            yield both("finding.oncall.no-room", target=target, key=key)
        return
    people = [p for p in people_meant(profile, target) if p in profile[PEOPLE]]
    if people and not via:
        yield both("finding.oncall.no-way", target=target)
    for channel_id in via:
        channel = profile[CHANNELS].get(channel_id)
        if channel is None:
            continue
        for person in people:
            if channel.reaches(profile[PEOPLE][person].addresses) is None:
                yield both(
                    "finding.oncall.no-address",
                    person=person,
                    address=channel.ADDRESS,
                    channel=channel_id,
                )
