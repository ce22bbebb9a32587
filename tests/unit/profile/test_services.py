"""The profiles that are shipped: what they say, and where alerts go by them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.profiles import Profile
from toban.channels.slack.kind import SlackChannel
from toban.escalation.section import steps_for
from toban.kernel.environment import PRODUCTION
from toban.oncall.targets import next_channel, resolve
from toban.profile.environments import calls_people, environment_of
from toban.profile.match import default_service, match_service
from toban.profile.section import Service, home_zone
from toban.sections.files import check_directory
from toban.sections.load import load_directory
from toban.severities.section import Severity, severity_for, severity_labelled

SERVICES = Path(__file__).parents[3] / "infra" / "services"
NOW = datetime(2025, 6, 2, 3, tzinfo=UTC)
SEV1 = Severity(label="sev1", level=1)


@pytest.fixture(scope="module")
def profiles() -> dict[str, Profile]:
    return load_directory(SERVICES)


@pytest.fixture(scope="module")
def chat(profiles) -> Profile:
    return profiles["tokyo-ai-chat"]


def told(profile: Profile, word: str) -> list[tuple[str, str]]:
    """Everybody told when an incident opens: at once, and in the steps at 0."""
    severity = severity_for(profile, word)
    contacts = list(resolve(profile, severity.notify, (), severity, NOW).contacts)
    for step in steps_for(profile, severity):
        if step.after == 0:
            contacts += resolve(profile, step.notify, step.via, severity, NOW).contacts
    # The same target by the same channel is told once (`toban.notify`).
    return list(dict.fromkeys((c.target, c.address) for c in contacts))


# Objectives that the designs' own schedules cannot meet. Their numbers are kept as they stand and
# `toban check` says so: (service, RPO, sources, code).
SHORT_OF_THEIR_RPO = [
    ("manga-service", "1h", "database, redis", "rpo-missed"),
    ("prompthub", "15m", "database", "rpo-missed"),
    ("prompthub", "1h", "uploads", "rpo-tight"),
    ("prompthub", "1h", "database, uploads", "rpo-tight"),
    ("prompthub", "1h", "application", "rpo-missed"),
    ("salontalk", "1d", "database", "rpo-tight"),
    ("tokyo-ai-chat", "5m", "configuration", "rpo-tight"),
    ("tokyo-ai-chat", "10m", "redis", "rpo-missed"),
    ("tokyo-ai-chat", "1h", "storage, redis", "rpo-missed"),
    ("tokyo-ai-chat", "1d", "storage, redis", "rpo-tight"),
]


def test_the_shipped_profiles_are_in_order_but_for_what_their_designs_cannot_keep():
    said = [f for f in check_directory(SERVICES) if f.severity != "info"]

    assert [f.severity for f in said] == ["warning"] * len(SHORT_OF_THEIR_RPO)
    for finding, (service, rpo, sources, code) in zip(said, SHORT_OF_THEIR_RPO, strict=True):
        assert (Path(finding.file).stem, finding.code) == (service, code)
        assert f"RPO is {rpo}" in finding.message.en
        assert f"backups of {sources} are" in finding.message.en


def test_alerts_that_match_nothing_belong_to_toban(profiles):
    assert match_service(profiles, {"project": "somebody-elses"}) is None
    assert default_service(profiles) == "toban"


@pytest.mark.parametrize(
    "labels",
    [
        {"source": "cloud-monitoring", "project": "tokyo-ai-chat-mvp"},
        {"project": "monitoring-hub", "service_name": "tokyo-ai-chat-service"},
        {"project": "monitoring-hub", "project_id": "tokyo-ai-chat-mvp"},
        {"source": "alertmanager", "service": "tokyo-ai-chat"},
        {"source": "alertmanager", "service": "tokyo-ai-chat-service"},
        # 000 §3.1.1: the metric's own label names who was called
        {"source": "alertmanager", "service": "gemini", "rule": "gemini_api_errors"},
    ],
)
def test_the_alerts_of_tokyo_ai_chat_are_recognised(profiles, labels):
    assert match_service(profiles, labels) == "tokyo-ai-chat"


@pytest.mark.parametrize(
    ("word", "label", "minutes"),
    [
        ("critical", "P1", 0),
        ("CRITICAL", "P1", 0),
        ("Critical", "P1", 0),
        ("Error", "P2", 60),
        ("warning", "P3", 240),
        ("Warning", "P3", 240),
        ("info", "P4", None),
        ("No severity", "P2", 60),
        ("", "P2", 60),
    ],
)
def test_senders_words_become_p1_to_p4_with_their_response_targets(chat, word, label, minutes):
    severity = severity_for(chat, word)

    assert severity.label == label
    assert severity.respond_within == (None if minutes is None else minutes * 60)


def test_critical_goes_to_slack_to_the_team_and_to_the_emergency_team(chat):
    assert told(chat, "critical") == [
        ("channel:alerts-critical", ""),
        ("channel:ops-team-email", "ops-team@metro.tokyo.lg.jp"),
        ("person:ops-a", "ops-a@example.jp"),
        ("person:ops-b", "ops-b@example.jp"),
        ("person:ops-lead", "ops-lead@example.jp"),
    ]
    assert chat.channels["alerts-critical"] == SlackChannel(
        webhook_secret="SLACK_WEBHOOK_CRITICAL",
        channel="#alerts-critical",
        fallback="ops-team-email",
    )


@pytest.mark.parametrize("word", ["warning", "info"])
def test_warning_and_info_go_to_ops_alerts_only(chat, word):
    assert told(chat, word) == [("channel:ops-alerts", "")]
    channel = chat.channels["ops-alerts"]
    assert isinstance(channel, SlackChannel)
    assert (channel.webhook_secret, channel.channel) == ("SLACK_WEBHOOK_OPS", "#ops-alerts")


def test_every_channel_ends_at_the_console(profiles):
    for profile in profiles.values():
        for start in profile.channels:
            channel, tried = start, []
            while (following := next_channel(profile, channel, tried)) is not None:
                tried.append(channel)
                channel = following
            assert channel == "console"


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"source": "alertmanager", "service": "japanese-ai-cro-tool"}, "cro-tool"),
        ({"source": "generic", "service": "cro-tool"}, "cro-tool"),
        ({"project": "salontalk-ai", "rule": "ServiceDown"}, "salontalk"),
        ({"service": "salontalk-pyannote"}, "salontalk"),
        ({"project": "manga-service"}, "manga-service"),
        ({"project": "monitoring-hub", "service_name": "phase8-service"}, "manga-service"),
        ({"project": "prompthub"}, "prompthub"),
    ],
)
def test_the_alerts_of_the_others_are_recognised(profiles, labels, service):
    assert match_service(profiles, labels) == service


# Service, what a sender says, the label it means, response target in minutes (None: next business
# day), and whether a postmortem is mandatory: 001 §6.6, 002 §10.2.2, 003 §3.1, 004 3.2.
SCHEMES = [
    ("cro-tool", "critical", "P0", 15, True),
    ("cro-tool", "high", "P1", 60, True),
    ("cro-tool", "warning", "P2", 240, False),
    ("cro-tool", "low", "P3", None, False),
    ("salontalk", "critical", "Critical", 5, True),
    ("salontalk", "warning", "Major", 5, True),
    ("salontalk", "minor", "Minor", 5, True),  # the report is owed at every severity
    ("manga-service", "critical", "P1", 15, True),
    ("manga-service", "high", "P2", 60, True),
    ("manga-service", "medium", "P3", 240, False),
    ("manga-service", "low", "P4", 24 * 60, False),
    ("prompthub", "critical", "sev1", 15, True),
    ("prompthub", "high", "sev2", 60, True),
    ("prompthub", "medium", "sev3", 240, False),
    ("prompthub", "low", "sev4", 24 * 60, False),
]


@pytest.mark.parametrize(("service", "word", "label", "minutes", "postmortem"), SCHEMES)
def test_each_service_has_the_severities_of_its_design(
    profiles, service, word, label, minutes, postmortem
):
    severity = severity_for(profiles[service], word)

    assert severity.label == label
    assert severity.respond_within == (None if minutes is None else minutes * 60)
    assert severity.postmortem == postmortem


# Service, severity and its steps: minutes after the opening, and who is called.
LADDERS = [
    # 000 §4.2.1: an emergency team for P1 and P2 (those on duty, and who leads), a person for P3 and P4
    ("tokyo-ai-chat", "P1", [(0, "oncall:all person:ops-lead"), (15, "oncall:all person:ops-lead"),
                             (30, "person:ops-a person:ops-b person:ops-c person:ops-lead")]),
    ("tokyo-ai-chat", "P2", [(0, "oncall:primary"), (30, "oncall:all person:ops-lead"),
                             (60, "oncall:all person:ops-lead")]),
    ("tokyo-ai-chat", "P3", [(0, "channel:ops-alerts"), (180, "oncall:primary")]),
    ("tokyo-ai-chat", "P4", [(0, "channel:ops-alerts"), (24 * 60, "oncall:primary")]),
    # 001 §6.6: P0 every engineer, P1 the one on call
    ("cro-tool", "P0", [(0, "oncall:all person:engineer-a person:engineer-b person:engineer-c"),
                        (15, "oncall:all person:engineer-a person:engineer-b person:engineer-c")]),
    ("cro-tool", "P1", [(0, "oncall:primary"), (30, "oncall:secondary"), (60, "oncall:all")]),
    ("cro-tool", "P2", [(0, "channel:alerts"), (180, "oncall:primary")]),
    # 002 §10.4.1: three tiers
    ("salontalk", "Critical", [(0, "oncall:primary"), (5, "oncall:all"),
                               (15, "person:dev-team person:infra"), (30, "person:tech-lead")]),
    ("salontalk", "Major", [(0, "oncall:primary"), (15, "person:dev-team person:infra")]),
    ("salontalk", "Minor", [(0, "oncall:primary")]),
    # 003 §3.3
    ("manga-service", "P1", [(0, "person:sre-engineer person:devops-engineer"),
                             (15, "person:tech-lead"), (30, "person:cto"),
                             (60, "person:ceo person:engineering-manager")]),
    ("manga-service", "P2", [(0, "oncall:primary"), (120, "person:tech-lead"), (240, "person:cto")]),
    ("manga-service", "P3", [(0, "channel:slack"), (240, "oncall:primary"),
                             (1440, "person:tech-lead")]),
    ("manga-service", "P4", []),
    # 004 escalation_matrix: 15 m, 30 m, 1 h, 2 h to answer
    ("prompthub", "sev1", [(0, "oncall:primary"), (15, "person:senior-engineer oncall:secondary"),
                           (30, "person:engineering-manager person:platform-engineer"),
                           (60, "person:cto")]),
    ("prompthub", "sev4", []),
]  # fmt: skip


@pytest.mark.parametrize(("service", "label", "ladder"), LADDERS)
def test_each_service_escalates_as_its_design_says(profiles, service, label, ladder):
    profile = profiles[service]
    severity = severity_labelled(profile, label)

    steps = [(step.after // 60, " ".join(step.notify)) for step in steps_for(profile, severity)]

    assert steps == ladder


def test_both_on_duty_at_prompthub_are_in_different_zones(profiles):
    """004 1.1: SREs are on call first, DevOps second; UTC, Japan and the US take turns."""
    prompthub = profiles["prompthub"]
    for week in range(6):
        at = NOW + timedelta(weeks=week)
        (first,) = resolve(prompthub, ("oncall:primary",), ("oncall-email",), SEV1, at).contacts
        (second,) = resolve(prompthub, ("oncall:secondary",), ("oncall-email",), SEV1, at).contacts
        people = [prompthub.people[c.target.removeprefix("person:")] for c in (first, second)]
        assert [p.name[:3] for p in people] == ["SRE", "Dev"]
        assert people[0].timezone != people[1].timezone


ELSEWHERE = [
    ("tokyo-ai-chat", {"environment": "staging"}),
    ("tokyo-ai-chat", {"service_name": "tokyo-ai-chat-service-staging"}),
    ("cro-tool", {"environment": "staging"}),
    ("cro-tool", {"env": "development"}),
    ("salontalk", {"environment": "preview"}),
    ("prompthub", {"environment": "development"}),
]


@pytest.mark.parametrize(("service", "labels"), ELSEWHERE)
def test_nobody_is_called_for_the_environments_that_a_design_names(profiles, service, labels):
    profile = profiles[service]

    environment = environment_of(profile.service, labels)

    assert environment != PRODUCTION
    assert not calls_people(profile.service, environment)


def test_no_two_services_post_by_one_slack_secret(profiles):
    secrets = [
        (profile.service.id, channel.webhook_secret or channel.token_secret)
        for profile in profiles.values()
        for channel in profile.channels.values()
        if isinstance(channel, SlackChannel)
    ]
    names = [secret for _, secret in secrets]
    assert len(set(names)) == len(names) == len(secrets) > 4


def test_toban_tells_its_operator_of_its_own_trouble(profiles):
    assert told(profiles["toban"], "critical") == [
        ("channel:console", ""),
        ("person:operator", ""),
    ]
    assert told(profiles["toban"], "never heard of") == told(profiles["toban"], "error")


@pytest.mark.parametrize(
    ("zones", "home"),
    [
        ([], "UTC"),
        (["Asia/Tokyo"], "Asia/Tokyo"),
        (["UTC", "Asia/Tokyo", "Asia/Tokyo"], "Asia/Tokyo"),
        (["Europe/Paris", "Asia/Tokyo"], "UTC"),
    ],
)
def test_what_belongs_to_no_service_has_the_zone_of_most(zones, home):
    severities = (Severity(label="P1", level=1),)
    profiles = [
        Profile(service=Service(id=f"s{n}", name="s", timezone=zone), severities=severities)
        for n, zone in enumerate(zones)
    ]
    assert home_zone(profiles) == home
