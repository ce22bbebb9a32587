"""
Proving a profile before it is applied: does it hang together, and does every page reach somebody?

Pure: findings carry key paths; `toban.profile.checker` adds file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from toban.profile.check_backup import check_backup
from toban.profile.check_contacts import check_channels, check_oncall, check_people
from toban.profile.targets import check_channel_name, check_target, is_human, reach_problems
from toban.profile.types import Escalation, Profile, Seconds, Severity
from toban.strictyaml.findings import Finding, did_you_mean, join
from toban.strictyaml.report import Report

_SECTIONS = {
    "severities": ("重大度", "severities"),
    "channels": ("通知チャンネル", "notification channels"),
    "people": ("担当者", "people"),
    "oncall": ("当番", "on-call"),
    "escalation": ("エスカレーション", "escalation"),
    "backup": ("バックアップ", "backups"),
}

SHORTEST_REMINDER = 300
LONGEST_REMINDER = 7 * 86_400


def check(profile: Profile, all_profiles: Iterable[Profile] = ()) -> list[Finding]:
    """
    Everything questionable about a profile, errors first.

    `all_profiles` (with or without `profile` itself) are those applied together with it: some
    mistakes, such as two catch-all services, only show beside the others.
    """
    report = Report()
    others = [p for p in all_profiles if p is not profile]
    _check_service(profile, others, report)
    _check_severities(profile, report)
    _check_grouping(profile, report)
    check_channels(profile, report)
    check_people(profile, report)
    check_oncall(profile, report)
    _check_escalation(profile, report)
    _check_reach(profile, report)
    check_backup(profile, report, others)
    for section, (japanese, english) in _SECTIONS.items():
        if not getattr(profile, section):
            report.info(
                "inactive",
                section,
                f"{section} がないので{japanese}は無効です。",
                f"there is no {section} section: {english} inactive.",
            )
    return report.sorted()


def check_together(profiles: Mapping[str, Profile]) -> list[Finding]:
    """What is questionable about the set of profiles as a whole."""
    report = Report()
    if profiles and not any(p.service.default for p in profiles.values()):
        report.warning(
            "no-default",
            "",
            "default: true のサービスがありません。どのサービスにも一致しないアラートの行き先がありません。",
            "no service says default: true: alerts that match no service have nowhere to go.",
        )
    return report.sorted()


def _check_service(profile: Profile, others: list[Profile], report: Report) -> None:
    service = profile.service
    if not service.name.strip():
        report.error("empty", "service.name", "名前が空です。", "the name is empty.")
    if "/" not in service.timezone and service.timezone != "UTC":
        report.warning(
            "fixed-zone",
            "service.timezone",
            f"{service.timezone} は夏時間の扱いがはっきりしません。地域名（Asia/Tokyo など）を使ってください。",
            f"{service.timezone} says little about daylight saving; use a region like Asia/Tokyo.",
        )
    for other in others:
        if other.service.id == service.id:
            report.error(
                "duplicate-service",
                "service.id",
                f"サービス {service.id} がもう一つあります。",
                f"there is another service {service.id}.",
            )
        elif service.default and other.service.default:
            report.error(
                "two-defaults",
                "service.default",
                f"default: true はサービス {other.service.id} にもあります。一つだけにしてください。",
                f"service {other.service.id} is the default as well; only one can be.",
            )
    if not service.match and not service.default:
        report.warning(
            "no-match",
            "service",
            "match がないので、サービスを名指ししたアラートしか届きません。",
            "there are no match rules: only alerts that name the service will reach it.",
        )
    for number, rule in enumerate(service.match):
        path = join("service", "match", number)
        if not rule.labels:
            report.error(
                "empty-rule",
                path,
                "ラベルのない規則は何にも一致しません。全部受けるなら default: true を使います。",
                "a rule without labels never holds; default: true takes what nobody else takes.",
            )
        if rule in service.match[:number]:
            report.warning("repeated", path, "同じ規則が上にもあります。", "the rule is repeated.")
        for other in others:
            if rule.labels and rule in other.service.match:
                winner = min(service.id, other.service.id)
                report.error(
                    "same-rule",
                    path,
                    f"同じ規則がサービス {other.service.id} にもあります（{winner} だけが受け取ります）。",
                    f"service {other.service.id} has the same rule; only {winner} would get alerts.",
                )


def _check_severities(profile: Profile, report: Report) -> None:
    service = profile.service
    if not profile.severities and (service.match or service.default):
        report.error(
            "reaches-nobody",
            "severities",
            "アラートを受けるのに severities がなく、インシデントは誰にも届きません。",
            "alerts come in, but without severities their incidents reach nobody.",
        )
    words: dict[str, str] = {}
    levels: dict[int, str] = {}
    for number, severity in enumerate(profile.severities):
        path = join("severities", number)
        for at, word in [
            (join("severities", number, "label"), severity.label),
            *(
                (join("severities", number, "words", n), word)
                for n, word in enumerate(severity.words)
            ),
        ]:
            owner = words.setdefault(word.strip().casefold(), severity.label)
            if not word.strip():
                report.error("empty", at, "空の語です。", "the word is empty.")
            elif owner != severity.label or (at.endswith("label") and _again(profile, number)):
                report.error(
                    "ambiguous-word",
                    at,
                    f"{word!r} はすでに {owner} を意味しています。",
                    f"{word!r} already means {owner}.",
                )
        first = levels.setdefault(severity.level, severity.label)
        if first != severity.label:
            report.warning(
                "same-level",
                join("severities", number, "level"),
                f"レベル {severity.level} は {first} と同じです。",
                f"level {severity.level} is the same as that of {first}.",
            )
        for n, channel in enumerate(severity.via):
            check_channel_name(profile, channel, join("severities", number, "via", n), report)
        for n, target in enumerate(severity.notify):
            check_target(profile, target, join("severities", number, "notify", n), report)
        if severity.remind_after is not None and severity.remind_after < SHORTEST_REMINDER:
            report.error(
                "wrong-value",
                join("severities", number, "remind_after"),
                "5m 以上にしてください。",
                "at least 5m: nobody can look after an incident that asks more often.",
            )
        elif severity.remind_after is not None and severity.remind_after > LONGEST_REMINDER:
            report.warning(
                "long-silence",
                join("severities", number, "remind_after"),
                "7d を超えると、忘れられたインシデントが長く放置されます。",
                "beyond 7d an incident that everybody has forgotten stays so for long.",
            )
        _check_answering(profile, severity, path, report)


def _again(profile: Profile, number: int) -> bool:
    label = profile.severities[number].label.casefold()
    return any(s.label.casefold() == label for s in profile.severities[:number])


def _check_answering(profile: Profile, severity: Severity, path: str, report: Report) -> None:
    steps = profile.steps_for(severity)
    told = [target for step in steps for target in step.notify]
    if not severity.notify and not told:
        report.error(
            "reaches-nobody",
            path,
            f"{severity.label} のインシデントは誰にも届きません。notify か escalation に加えてください。",
            f"an incident of {severity.label} reaches nobody: add notify or an escalation policy.",
        )
        return
    if severity.level <= 2 and not any(is_human(t) for t in (*severity.notify, *told)):
        report.warning(
            "wakes-nobody",
            path,
            f"{severity.label} は人（oncall:… か person:…）に届きません。",
            f"{severity.label} tells no person (oncall:… or person:…), only channels.",
        )
    human = [s.after for s in steps if any(is_human(t) for t in s.notify)]
    limit = severity.respond_within
    if any(is_human(t) for t in severity.notify):
        human.append(Seconds(0))
    if human and limit is not None and min(human) > limit:
        report.warning(
            "too-late",
            path,
            f"{severity.label} の応答目標は {limit} 秒ですが、人に届くのは {min(human)} 秒後です。",
            f"{severity.label} is to be answered in {limit} s, "
            f"but a person is first told after {min(human)} s.",
        )


def _check_grouping(profile: Profile, report: Report) -> None:
    if profile.grouping.max_open < 1:
        report.error(
            "wrong-value",
            "grouping.max_open",
            "1 以上にしてください。",
            "at least one incident must be allowed to be open.",
        )


def _check_escalation(profile: Profile, report: Report) -> None:
    labels = [severity.label for severity in profile.severities]
    taken: dict[str, int] = {}
    for number, policy in enumerate(profile.escalation):
        for n, label in enumerate(policy.severities):
            path = join("escalation", number, "severities", n)
            if label not in labels:
                hint = did_you_mean(label, labels)
                report.error(
                    "unknown-severity",
                    path,
                    f"重大度 {label!r} は定義されていません。{hint[0]}",
                    f"there is no severity {label!r}.{hint[1]}",
                )
            elif taken.setdefault(label, number) != number:
                report.error(
                    "never-used",
                    path,
                    f"{label} は escalation[{taken[label]}] が使われ、ここは決して使われません。",
                    f"{label} follows escalation[{taken[label]}]; this policy is never used for it.",
                )
        if not policy.severities:
            report.error(
                "never-used",
                join("escalation", number, "severities"),
                "重大度がないので決して使われません。",
                "it names no severity and is never used.",
            )
        _check_steps(profile, number, policy, report)


def _check_steps(profile: Profile, number: int, policy: Escalation, report: Report) -> None:
    if not policy.steps:
        path = join("escalation", number, "steps")
        report.error("no-steps", path, "段階がありません。", "there are no steps.")
        return
    if policy.steps[0].after > 0:
        report.error(
            "late-first-step",
            join("escalation", number, "steps", 0, "after"),
            "最初の段階はインシデントが開いたときに行われます。0m と書いてください"
            "（まず channel:… だけに知らせ、人は次の段階で呼べます）。",
            "the first step is taken when the incident opens: write 0m "
            "(it may tell a channel only, and the next step a person).",
        )
    before = None
    for n, step in enumerate(policy.steps):
        if before is not None and step.after <= before:
            report.error(
                "steps-order",
                join("escalation", number, "steps", n, "after"),
                f"段階は時間順です。前の段階（{before} 秒）より後にしてください。",
                f"steps must come later and later; the one before is at {before} s.",
            )
        before = step.after
        if not step.notify:
            report.error(
                "reaches-nobody",
                join("escalation", number, "steps", n, "notify"),
                "この段階は誰にも届きません。",
                "the step notifies nobody.",
            )
        for m, target in enumerate(step.notify):
            path = join("escalation", number, "steps", n, "notify", m)
            check_target(profile, target, path, report)
        for m, channel in enumerate(step.via):
            path = join("escalation", number, "steps", n, "via", m)
            check_channel_name(profile, channel, path, report)


def _check_reach(profile: Profile, report: Report) -> None:
    """Every person that a target may mean has an address for every channel used for it."""
    for number, severity in enumerate(profile.severities):
        path = join("severities", number, "notify")
        for n, target in enumerate(severity.notify):
            where = f"{path}[{n}]"
            for problem in reach_problems(profile, target, severity.via):
                report.error("no-address", where, *problem)
    for number, policy in enumerate(profile.escalation):
        for n, step in enumerate(policy.steps):
            for label in policy.severities:
                chosen = profile.severity_labelled(label)
                via = step.via or (chosen.via if chosen else ())
                for m, target in enumerate(step.notify):
                    where = join("escalation", number, "steps", n, "notify", m)
                    for problem in reach_problems(profile, target, via):
                        report.error("no-address", where, *problem)
