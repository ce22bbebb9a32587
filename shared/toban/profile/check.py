"""Checking the section `service`."""

from __future__ import annotations

from toban.profile.context import CheckContext
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.strictyaml.checks import check_zone
from toban.strictyaml.findings import join
from toban.strictyaml.report import Report


def check(profile: Profile, report: Report, context: CheckContext) -> None:
    """Names, rules, and what no two services may both say."""
    service, others = profile[SERVICE], [other[SERVICE] for other in context.others]
    if not service.name.strip():
        report.error("empty", "service.name", "名前が空です。", "the name is empty.")
    check_zone(service.timezone, "service.timezone", report)
    for other in others:
        if other.id == service.id:
            report.error(
                "duplicate-service",
                "service.id",
                f"サービス {service.id} がもう一つあります。",
                f"there is another service {service.id}.",
            )
        elif service.default and other.default:
            report.error(
                "two-defaults",
                "service.default",
                f"default: true はサービス {other.id} にもあります。一つだけにしてください。",
                f"service {other.id} is the default as well; only one can be.",
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
            if rule.labels and rule in other.match:
                winner = min(service.id, other.id)
                report.error(
                    "same-rule",
                    path,
                    f"同じ規則がサービス {other.id} にもあります（{winner} だけが受け取ります）。",
                    f"service {other.id} has the same rule; only {winner} would get alerts.",
                )
