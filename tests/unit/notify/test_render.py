"""What a notification says, in both languages, whatever the alert contains."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.house.texts import CATALOGUES
from tests.unit.notify.rendered import render
from tests.unit.notify.world import NOON, PROFILE, World, by_pair, incident, paging
from toban.channels.notice import PreparedNotification
from toban.channels.slack.blocks import escape, escaped, link
from toban.channels.webhook.message import body
from toban.events import Link, NotificationRequested
from toban.kernel.i18n import duration, moment
from toban.notify.render import notice_of
from toban.notify.texts import text
from toban.profile.section import Environment
from toban.severities.section import SEVERITIES

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)


def request(**changes: object) -> NotificationRequested:
    base = NotificationRequested(
        notification_id="ntf-1",
        kind="opened",
        incident=incident(),
        page=0,
        target="person:aoki",
        target_name="青木",
        address="U0AOKI",
        channel="slack",
    )
    return msgspec.structs.replace(base, **changes)


def text_objects(blocks: Any) -> Iterator[dict[str, Any]]:
    """Every Slack text object, however deep."""
    if isinstance(blocks, list):
        for block in blocks:
            yield from text_objects(block)
    elif isinstance(blocks, dict):
        if blocks.get("type") in ("mrkdwn", "plain_text"):
            yield blocks
        for value in blocks.values():
            yield from text_objects(value)


def markup_of(rendered) -> str:
    """Everything Slack interprets."""
    objects = text_objects([rendered.blocks, rendered.details])
    return "\n".join([rendered.fallback, *(o["text"] for o in objects if o["type"] == "mrkdwn")])


def test_in_japanese_it_says_what_happened_when_and_what_comes_next():
    rendered = render(request(), PROFILE)
    assert rendered.subject == "Critical 発生: 注文APIのエラー率 [ショップ]"
    assert "発生: 2026-11-24 (火) 12:00:00 JST" in rendered.text
    assert "2026-11-24 (火) 12:15:00 JST までに誰も対応を引き受けない" in rendered.text
    assert "対応開始目標: 15分以内" in rendered.text
    assert "5xx が 12% を超えました" in rendered.text
    assert rendered.number == "inc-7·1"


def test_in_english_it_uses_the_zone_of_the_person():
    rendered = render(
        request(target="person:baba", target_name="Baba", language="en", channel="mail"), PROFILE
    )
    assert rendered.subject == "Critical opened: 注文APIのエラー率 [Shop]"
    assert "Since: 2026-11-24 (Tue) 04:00:00 CET" in rendered.text
    assert "Respond within 15 min" in rendered.text
    assert "Sent automatically by toban to Baba." in rendered.text


def test_the_person_is_mentioned_when_called_and_not_when_it_is_over():
    assert "<@U0AOKI>" in markup_of(render(request(), PROFILE))
    assert "<@" not in markup_of(render(request(kind="resolved"), PROFILE))
    assert "<@" not in markup_of(render(request(address="U1> <!here"), PROFILE))


def test_severities_and_states_have_colours_of_their_own():
    colors = [
        render(request(incident=incident(severity_label=label)), PROFILE).color
        for label in ("Critical", "Warning", "Info")
    ]
    third = msgspec.structs.replace(PROFILE[SEVERITIES][1], level=3)
    profile = msgspec.structs.replace(PROFILE, severities=(third,))
    colors.append(render(request(incident=incident(severity_label="Warning")), profile).color)
    colors += [render(request(kind=kind), PROFILE).color for kind in ("acknowledged", "resolved")]
    assert len(set(colors)) == 6
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in colors), "Slack takes no other"


def test_a_resolution_says_by_whom_and_how_long_it_took():
    over = incident(status="resolved", resolved_at=NOON.replace(hour=4, minute=5))
    rendered = render(request(kind="resolved", incident=over), PROFILE)
    assert "解決: 2026-11-24 (火) 13:05:00 JST（自動、発生から1時間5分）" in rendered.text
    assert "ポストモーテムが必要です" in rendered.text
    by_hand = render(request(kind="resolved", incident=over, by="青木"), PROFILE)
    assert "（青木、発生から1時間5分）" in by_hand.text


def test_actions_are_offered_as_links_in_every_form():
    action = Link("確認する", "https://ops.test/ingest_action/a?c=x&s=y")
    rendered = render(request(), PROFILE, [action])
    assert "確認する: https://ops.test/ingest_action/a?c=x&s=y" in rendered.text
    assert 'href="https://ops.test/ingest_action/a?c=x&amp;s=y"' in rendered.html
    assert "<https://ops.test/ingest_action/a?c=x&amp;s=y|確認する>" in markup_of(rendered)


HOSTILE = [
    "<!channel> <@U1> <https://evil.test|here>",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"><a href="javascript:alert(1)">x</a>',
    "{0.__class__} {severity} %(x)s ${x}",
    "title\r\nBcc: victim@evil.test\r\n\r\nbody",
    "a & b < c > d &lt;!channel&gt;",
    "\x00\x1b[2J\u202e\u2028",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_input_is_text_and_nothing_else(hostile):
    bad = incident(
        title=hostile,
        summary=hostile,
        rules=[hostile],
        labels={hostile: hostile},
        assignee=hostile,
        acknowledged_at=NOON,
        links=[Link(hostile, "https://x.test/" + hostile), Link("x", "javascript:alert(1)")],
    )
    rendered = render(
        request(incident=bad, target_name=hostile, by=hostile, unreached=[hostile]), PROFILE
    )
    markup = markup_of(rendered).replace("<@U0AOKI>", "")
    assert "<!" not in markup
    assert "<@" not in markup
    assert all(url.startswith("https://x.test/") for url in re.findall(r"<([^|>]*)\|", markup))
    assert "<script" not in rendered.html
    assert "<img" not in rendered.html
    assert 'href="javascript' not in rendered.html
    assert "\n" not in rendered.subject
    assert "\r" not in rendered.subject
    assert "\n" not in rendered.headline
    assert "\x1b" not in rendered.text


def test_braces_in_a_title_stay_braces():
    rendered = render(request(incident=incident(title="{0.__class__} {severity}")), PROFILE)
    assert "{0.__class__} {severity}" in rendered.subject
    assert "{0.__class__} {severity}" in rendered.text


def test_titles_are_plain_text_which_slack_does_not_interpret():
    rendered = render(request(incident=incident(title="a < b & c")), PROFILE)
    assert rendered.blocks[0]["type"] == "header"
    assert rendered.blocks[0]["text"]["type"] == "plain_text"
    assert rendered.blocks[0]["text"]["text"].endswith("a < b & c")
    assert "a &lt; b &amp; c" in rendered.fallback


@given(title=ANY_TEXT, summary=ANY_TEXT, label=ANY_TEXT)
def test_whatever_an_alert_says_the_message_keeps_slacks_limits(title, summary, label):
    loud = incident(
        title=title * 9, summary=summary * 20, labels={label: label * 9}, rules=[title] * 50
    )
    rendered = render(request(incident=loud), PROFILE)
    for found in text_objects([rendered.blocks, rendered.details]):
        assert 1 <= len(found["text"]) < 3000
    assert len(rendered.blocks[0]["text"]["text"]) <= 150
    assert rendered.subject.isprintable()
    assert "<!" not in markup_of(rendered)


@given(ANY_TEXT, st.integers(5, 60))
def test_cutting_escaped_text_tears_no_entity(value, limit):
    result = escaped(value, limit)
    assert len(result) <= limit
    assert re.fullmatch(r"([^&<>]|&amp;|&lt;|&gt;)*", result)
    if len(escape(value)) <= limit:
        assert result == escape(value)


def test_a_link_cannot_be_broken_out_of():
    assert link("https://x.test/a|b>c<d e", "t|x>") == (
        "<https://x.test/a%7Cb%3Ec%3Cd%20e|t¦x&gt;>"
    )
    assert link("javascript:alert(1)", "x") == "x"


# --- the catalogue ---------------------------------------------------------------------------


def test_both_languages_have_the_same_texts_with_the_same_values():
    def shape(language: str) -> dict[str, set[str]]:
        # ``{n:backups}`` counts in English: 1 backup, 2 backups.
        return {key: set(re.findall(r"{(\w+)", t)) for key, t in CATALOGUES[language].items()}

    assert shape("ja") == shape("en")
    names = {name for values in shape("ja").values() for name in values}
    assert all(name.isidentifier() for name in names), "a template may only name plain values"


def test_a_text_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        text("ja", "no.such.text")
    with pytest.raises(KeyError):
        text("en", "notify.headline", severity="x")


def test_times_show_their_zone_and_durations_their_two_largest_units():
    assert moment("en", NOON, "Asia/Tokyo") == "2026-11-24 (Tue) 12:00:00 JST"
    assert moment("ja", NOON, "America/Sao_Paulo") == "2026-11-24 (火) 00:00:00 UTC-0300"
    assert moment("en", NOON, "UTC") == "2026-11-24 (Tue) 03:00:00 UTC"
    assert duration("en", 3725) == "1 h 2 min"
    assert duration("ja", 90061) == "1日1時間"
    assert duration("ja", -5) == "0秒"
    assert duration("en", 3600 * 24 * 2 + 5) == "2 d"


def test_those_who_are_reached_learn_who_was_not():
    world = World()
    asked = by_pair(world.page(paging(severity=2, severity_label="Warning")))
    rendered = render(asked[("person:aoki", "mail")], PROFILE)
    assert "届かなかった宛先: person:nobody" in rendered.text


# --- environments ------------------------------------------------------------------------------

STAGED = msgspec.structs.replace(
    PROFILE,
    service=msgspec.structs.replace(
        PROFILE.service,
        environments={"staging": Environment(), "preview": Environment(pages=True)},
    ),
)


def test_production_is_not_named():
    assert render(request(), STAGED) == render(request(), PROFILE)
    assert "production" not in render(request(), STAGED).text


def test_another_environment_is_named_first_in_every_form():
    rendered = render(request(incident=incident(environment="staging")), STAGED)

    assert rendered.subject == "[staging] Critical 発生: 注文APIのエラー率 [ショップ]"
    assert rendered.fallback.startswith("<@U0AOKI> [staging] Critical")
    assert rendered.blocks[0]["text"]["text"].startswith("[staging] Critical")
    assert "環境: staging" in rendered.text
    assert "[staging] Critical" in rendered.html


def test_that_nobody_is_called_is_said_and_no_deadline_is_promised():
    rendered = render(request(incident=incident(environment="staging")), STAGED)
    assert "staging では誰も呼び出しません" in rendered.text
    assert "までに誰も対応を引き受けない" not in rendered.text
    assert "応答目標" not in rendered.text

    paging = render(request(incident=incident(environment="preview")), STAGED)
    assert "12:15:00 JST までに誰も対応を引き受けない" in paging.text


def test_only_what_calls_people_is_urgent():
    def urgent(environment: str, severity: int = 1, kind: str = "opened") -> bool:
        of = incident(environment=environment, severity=severity)
        return notice_of(request(incident=of, kind=kind), STAGED).urgent

    assert urgent("production")
    assert urgent("preview")
    assert not urgent("staging")
    assert not urgent("production", severity=2)
    assert not urgent("production", kind="resolved")


def posted(environment: str) -> dict[str, Any]:
    """The incident as a webhook gets it."""
    asked = request(incident=incident(environment=environment))
    prepared = PreparedNotification(
        id="ntf-1",
        incident="inc-7",
        created_at=NOON,
        unknown=False,
        address="",
        thread="",
        request=asked,
        notice=notice_of(asked, STAGED),
    )
    return msgspec.json.decode(body(prepared))["incident"]


def test_a_webhook_is_told_the_environment_and_of_production_what_it_was_told_before():
    staging, production = posted("staging"), posted("production")

    assert staging == {**production, "environment": "staging"}
    assert list(production) == [name for name in staging if name != "environment"]
