"""Checking the section `escalation`, and that every severity reaches somebody in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toban.channels.check import check_channel_name
from toban.escalation.section import ESCALATION, Escalation, steps_for
from toban.escalation.texts import both
from toban.kernel.i18n import exact
from toban.oncall.check_targets import (
    check_target,
    is_human,
    mentioned_by,
    reach_problems,
    unnoticed,
)
from toban.profile.context import CheckContext
from toban.profile.environments import calls_people, environments
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.severities.section import SEVERITIES, Severity, severity_labelled
from toban.strictyaml.findings import did_you_mean, join
from toban.strictyaml.report import Report
from toban.strictyaml.values import Seconds


def check(profile: Profile, report: Report, context: CheckContext) -> None:  # noqa: ARG001
    """
    Check that every severity reaches somebody in time, and that every policy and step can be
    used.
    """
    for number, severity in enumerate(profile[SEVERITIES]):
        _check_answering(profile, severity, join("severities", number), report)
        _check_posts(profile, severity, join("severities", number), report)
    labels = [severity.label for severity in profile[SEVERITIES]]
    taken: dict[str, int] = {}
    for number, policy in enumerate(profile[ESCALATION]):
        for n, label in enumerate(policy.severities):
            path = join("escalation", number, "severities", n)
            if label not in labels:
                hint = did_you_mean(label, labels)
                report.error(
                    "unknown-severity",
                    path,
                    both("finding.escalation.unknown-severity", label=repr(label), hint=hint),
                )
            elif taken.setdefault(label, number) != number:
                report.error(
                    "never-used",
                    path,
                    both("finding.escalation.taken", label=label, number=taken[label]),
                )
        if not policy.severities:
            report.error(
                "never-used",
                join("escalation", number, "severities"),
                both("finding.escalation.never-used"),
            )
        _check_steps(profile, number, policy, report)
    _check_reach(profile, report)


def mentions(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield what the policies name: (section, name)."""
    for policy in profile[ESCALATION]:
        for step in policy.steps:
            yield from (("channels", channel) for channel in step.via)
            yield from mentioned_by(profile, step.notify)


def _check_answering(profile: Profile, severity: Severity, path: str, report: Report) -> None:
    steps = steps_for(profile, severity)
    told = [target for step in steps for target in step.notify]
    if not severity.notify and not told:
        report.error(
            "reaches-nobody",
            path,
            both("finding.escalation.reaches-nobody", label=severity.label),
        )
        return
    if severity.level <= 2 and not any(is_human(t) for t in (*severity.notify, *told)):
        report.warning(
            "wakes-nobody",
            path,
            both("finding.escalation.wakes-nobody", label=severity.label),
        )
    human = [s.after for s in steps if any(is_human(t) for t in s.notify)]
    limit = severity.respond_within
    if any(is_human(t) for t in severity.notify):
        human.append(Seconds(0))
    if human and limit is not None and min(human) > limit:
        report.warning(
            "too-late",
            path,
            both(
                "finding.escalation.too-late",
                label=severity.label,
                limit=exact(limit),
                first=exact(min(human)),
            ),
        )


def _check_posts(profile: Profile, severity: Severity, path: str, report: Report) -> None:
    """Tell of environments for which people are not called, and no channel gets a post either."""
    first = [target for step in steps_for(profile, severity)[:1] for target in step.notify]
    if any(not is_human(target) for target in (*severity.notify, *first)):
        return
    service = profile[SERVICE]
    silent = [name for name in environments(service) if not calls_people(service, name)]
    if silent:
        names = ", ".join(silent)
        report.info(
            "posts-nothing",
            path,
            both("finding.escalation.posts-nothing", names=names, label=severity.label),
        )


def _check_steps(profile: Profile, number: int, policy: Escalation, report: Report) -> None:
    if not policy.steps:
        path = join("escalation", number, "steps")
        report.error("no-steps", path, both("finding.escalation.no-steps"))
        return
    if policy.steps[0].after > 0:
        report.error(
            "late-first-step",
            join("escalation", number, "steps", 0, "after"),
            both("finding.escalation.late-first-step"),
        )
    before = None
    for n, step in enumerate(policy.steps):
        if before is not None and step.after <= before:
            report.error(
                "steps-order",
                join("escalation", number, "steps", n, "after"),
                both("finding.escalation.steps-order", before=exact(before)),
            )
        before = step.after
        if not step.notify:
            report.error(
                "reaches-nobody",
                join("escalation", number, "steps", n, "notify"),
                both("finding.escalation.step-reaches-nobody"),
            )
        for m, target in enumerate(step.notify):
            path = join("escalation", number, "steps", n, "notify", m)
            check_target(profile, target, path, report)
        for m, channel in enumerate(step.via):
            path = join("escalation", number, "steps", n, "via", m)
            check_channel_name(profile, channel, path, report)


def _check_reach(profile: Profile, report: Report) -> None:
    """Every person that a target may mean has an address for every channel used for it."""
    for number, severity in enumerate(profile[SEVERITIES]):
        path = join("severities", number, "notify")
        for n, target in enumerate(severity.notify):
            where = f"{path}[{n}]"
            _check_way(profile, target, severity.via, where, report)
    for number, policy in enumerate(profile[ESCALATION]):
        for n, step in enumerate(policy.steps):
            for label in policy.severities:
                chosen = severity_labelled(profile, label)
                via = step.via or (chosen.via if chosen else ())
                for m, target in enumerate(step.notify):
                    where = join("escalation", number, "steps", n, "notify", m)
                    _check_way(profile, target, via, where, report)


def _check_way(
    profile: Profile, target: str, via: Sequence[str], path: str, report: Report
) -> None:
    for problem in reach_problems(profile, target, via):
        report.error("no-address", path, problem)
    for problem in unnoticed(profile, target, via):
        report.warning("unnoticed", path, problem)
