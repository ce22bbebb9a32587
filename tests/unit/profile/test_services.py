"""The profiles that are shipped: what they say, and where alerts go by them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from toban.oncall.targets import next_channel, resolve
from toban.profile.checker import check_directory
from toban.profile.load import load_directory
from toban.profile.match import default_service, match_service
from toban.profile.types import Profile, SlackChannel

SERVICES = Path(__file__).parents[3] / "infra" / "services"
NOW = datetime(2025, 6, 2, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def profiles() -> dict[str, Profile]:
    return load_directory(SERVICES)


@pytest.fixture(scope="module")
def chat(profiles) -> Profile:
    return profiles["tokyo-ai-chat"]


def told(profile: Profile, word: str) -> list[tuple[str, str]]:
    """Everybody told when an incident opens: at once, and in the steps at 0."""
    severity = profile.severity_for(word)
    contacts = list(resolve(profile, severity.notify, (), severity, NOW).contacts)
    for step in profile.steps_for(severity):
        if step.after == 0:
            contacts += resolve(profile, step.notify, step.via, severity, NOW).contacts
    # The same target by the same channel is told once (`toban.notify`).
    return list(dict.fromkeys((c.target, c.address) for c in contacts))


def test_the_shipped_profiles_are_in_order():
    findings = [f.render() for f in check_directory(SERVICES) if f.severity != "info"]

    assert findings == []


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
    severity = chat.severity_for(word)

    assert severity.label == label
    assert severity.respond_within == (None if minutes is None else minutes * 60)


def test_critical_goes_to_slack_to_the_team_and_to_the_person_on_duty(chat):
    assert told(chat, "critical") == [
        ("channel:alerts-critical", ""),
        ("channel:ops-team-email", "ops-team@metro.tokyo.lg.jp"),
        ("person:ops-a", "ops-a@example.jp"),
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


def test_toban_tells_its_operator_of_its_own_trouble(profiles):
    assert told(profiles["toban"], "critical") == [
        ("channel:console", ""),
        ("person:operator", ""),
    ]
    assert told(profiles["toban"], "never heard of") == told(profiles["toban"], "error")
