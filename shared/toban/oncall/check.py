"""Checking the section `oncall`."""

from __future__ import annotations

from toban.oncall.section import ONCALL, Rotation
from toban.oncall.shifts import WEEKDAYS, handover_day
from toban.people.check import check_person_name
from toban.profile.context import CheckContext
from toban.profile.profile import Profile
from toban.strictyaml.findings import join
from toban.strictyaml.report import Report


def check(profile: Profile, report: Report, context: CheckContext) -> None:  # noqa: ARG001
    """Somebody is on duty at every hour, and everybody named exists."""
    rotation = profile[ONCALL]
    if rotation is None:
        return
    if not rotation.members:
        report.error(
            "uncovered",
            "oncall.members",
            "メンバーがいないので、どの時間も当番がいません。",
            "without members nobody is on duty at any hour.",
        )
    for field, names in (("members", rotation.members), ("secondary", rotation.secondary)):
        for number, name in enumerate(names):
            check_person_name(profile, name, join("oncall", field, number), report)
    if rotation.weeks < 1:
        report.error("wrong-value", "oncall.weeks", "1 以上にしてください。", "at least 1.")
    day = handover_day(rotation)
    if day != rotation.first_shift:
        report.error(
            "first-shift",
            "oncall.first_shift",
            f"{rotation.first_shift} は引き継ぎの曜日（{rotation.handover.weekday}）ではなく"
            f" {WEEKDAYS[rotation.first_shift.weekday()]} です。もしかして: {day}",
            f"{rotation.first_shift} is a {WEEKDAYS[rotation.first_shift.weekday()]}, "
            f"the hand-over is on {rotation.handover.weekday}. Did you mean {day}?",
        )
    _check_overrides(profile, rotation, report)


def _check_overrides(profile: Profile, rotation: Rotation, report: Report) -> None:
    for number, override in enumerate(rotation.overrides):
        path = join("oncall", "overrides", number)
        check_person_name(profile, override.person, f"{path}.person", report)
        if override.end <= override.start:
            report.error(
                "override-time",
                f"{path}.end",
                "終わりが始まりより後ではありません。",
                "it does not end after it starts.",
            )
        for earlier, other in enumerate(rotation.overrides[:number]):
            overlap = other.start < override.end and override.start < other.end
            if overlap and other.role == override.role:
                report.warning(
                    "override-overlap",
                    path,
                    f"oncall.overrides[{earlier}] と重なります。後に書いたこちらが優先されます。",
                    f"it overlaps oncall.overrides[{earlier}]; this later one wins.",
                )
            elif overlap and other.person == override.person:
                report.warning(
                    "override-both",
                    path,
                    f"{override.person} が同時に正と副です。副は次のメンバーになります。",
                    f"{override.person} is primary and secondary at once; "
                    "the next member becomes secondary.",
                )
