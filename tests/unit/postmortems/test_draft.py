"""The draft that is written when an incident is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.profiles import Profile
from toban.adapters.local.memory.store import MemoryStore
from toban.events import IncidentResolved, Link, Page, PostmortemDrafted
from toban.incidents.documents import Alert, Incident, TimelineEntry
from toban.kernel.document import Document, encode
from toban.kernel.errors import TryLater
from toban.kernel.event import Event
from toban.kernel.reasons.words import reason
from toban.kernel.work import Work
from toban.notify.documents import Notification
from toban.ports import Create
from toban.postmortems.draft import on_resolved
from toban.postmortems.timeline import story
from toban.profile.section import Service
from toban.profile.store import apply
from toban.profile.version import profile_version
from toban.severities.section import Severity
from toban.strictyaml.values import Seconds

T0 = datetime(2026, 11, 22, 3, 0, 0, tzinfo=UTC)  # 12:00:00 in Tokyo
PROFILE = Profile(
    service=Service(id="shop", name="売店", name_en="Shop", timezone="Asia/Tokyo", language="ja"),
    severities=(Severity(label="P1", level=1, postmortem=True, respond_within=Seconds(0)),),
)
ENGLISH = msgspec.structs.replace(
    PROFILE,
    service=msgspec.structs.replace(PROFILE.service, language="en"),
)


def after(**delta: float) -> datetime:
    return T0 + timedelta(**delta)


def an_incident(profile: Profile = PROFILE, **changes: object) -> Incident:
    incident = Incident(
        id="inc-abc",
        service="shop",
        profile_version=profile_version(profile),
        group_key="rule=errors",
        title="5xx errors on checkout",
        summary="Ratio of 5xx above 5 %",
        status="resolved",
        severity=1,
        severity_label="P1",
        rules=["errors"],
        opened_at=after(minutes=2),
        started_at=T0,
        acknowledged_at=after(minutes=5),
        resolved_at=after(minutes=45),
        assignee="hanako",
        generation=4,
        escalating_since=after(minutes=2),
        pages=[
            Page(number=0, at=after(minutes=2), step=0, severity_label="P1", reason="opened"),
        ],
        timeline=[
            TimelineEntry(
                at=after(minutes=2),
                kind="opened",
                detail={"alert": "5xx errors on checkout", "source": "generic"},
            ),
            TimelineEntry(
                at=after(minutes=5), kind="acknowledged", actor="hanako", detail={"via": "link"}
            ),
            TimelineEntry(
                at=after(minutes=20), kind="note", actor="hanako", detail={"text": "戻した"}
            ),
            TimelineEntry(at=after(minutes=45), kind="resolved"),
        ],
    )
    for name, value in changes.items():
        setattr(incident, name, value)
    return incident


def an_alert(id_: str, **changes: object) -> Alert:
    alert = Alert(
        id=id_,
        service="shop",
        source="generic",
        fingerprint=id_,
        rule="errors",
        title=f"alert {id_}",
        status="resolved",
        severity=1,
        severity_label="P1",
        starts_at=T0,
        ends_at=after(minutes=44),
        incident="inc-abc",
        attached_at=after(minutes=2),
    )
    for name, value in changes.items():
        setattr(alert, name, value)
    return alert


def a_notification(id_: str, **changes: object) -> Notification:
    notification = Notification(
        id=id_,
        state="done",
        incident="inc-abc",
        service="shop",
        target="person:hanako",
        target_name="花子",
        channel="oncall-email",
        kind="opened",
        page=0,
        lease_until=T0,
        created_at=after(minutes=2),
        sent_at=after(minutes=2, seconds=1),
    )
    for name, value in changes.items():
        setattr(notification, name, value)
    return notification


def draft(incident: Incident, *documents: Document, profile: Profile = PROFILE) -> tuple[Work, str]:
    """What handling the resolution stores and emits."""
    store = MemoryStore()
    apply(store, [profile], T0)
    store.commit([Create(d.key(d.id), encode(d)) for d in (incident, *documents)])
    resolved = IncidentResolved(incident=incident.snapshot(), by="", pages=incident.pages)
    event = Event(id="ev-1", source="/test", time=after(minutes=45), body=resolved)
    work = Work(
        store=store, event=event, function="draft_postmortem", now=after(minutes=45, seconds=1)
    )
    on_resolved(resolved, work)
    (blob,) = work.objects
    return work, blob.data.decode()


def test_the_draft_has_the_template_of_the_service_language_with_the_true_times():
    _, text = draft(an_incident(), an_alert("a"))
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## 概要",
        "## 何が起きたか",
        "## 影響",
        "## タイムライン",
        "## 根本原因",
        "## 解決策",
        "## 再発防止策",
        "## 学んだこと",
    ]
    assert "- **発生日時**: 2026-11-22 (日) 12:00:00 JST" in text
    assert "- **検知日時**: 2026-11-22 (日) 12:02:00 JST（発生から2分）" in text
    assert "- **対応開始日時**: 2026-11-22 (日) 12:05:00 JST（検知から3分、hanako）" in text
    assert "- **影響時間**: 45分" in text
    assert "P1 ではポストモーテムが必須です。" in text


def test_english_for_an_english_service():
    _, text = draft(an_incident(ENGLISH), an_alert("a"), profile=ENGLISH)
    assert "## Root cause" in text
    assert "- **Detected**: 2026-11-22 (Sun) 12:02:00 JST (after 2 min)" in text
    assert "- **Service**: Shop (shop)" in text


def test_the_timeline_tells_alerts_people_and_notifications_in_order():
    _, text = draft(
        an_incident(),
        an_alert("a"),
        an_alert("b", attached_at=after(minutes=3), ends_at=after(minutes=40)),
        a_notification("n1"),
    )
    told = [line for line in text.splitlines() if line.startswith("- 12:")]
    assert [line[2:10] for line in told][:8] == [
        "12:00:00",
        "12:02:00",
        "12:02:01",
        "12:03:00",
        "12:05:00",
        "12:20:00",
        "12:40:00",
        "12:44:00",
    ]
    assert "- 12:02:01 - 花子 に oncall-email で通知しました（インシデント発生）" in told
    assert "- 12:05:00 - hanako が対応を引き受けました（リンク）" in told
    assert "- 12:45:00 - すべてのアラートが解消し、解決しました" in told


def test_a_failed_channel_is_shown_and_becomes_an_action():
    failed = a_notification("n1", state="failed", sent_at=None, error="550 no | such user")
    _, text = draft(an_incident(), failed)
    assert r"失敗: 550 no \| such user" in text
    assert "oncall-email で通知に失敗した原因を調べる: 550 no" in text


def test_what_only_people_know_is_asked_for_with_owner_and_due_date():
    _, text = draft(an_incident())
    assert "✍️ 担当者" in text
    assert "✍️ YYYY-MM-DD" in text
    assert text.count("✍️") >= 12


def test_alert_text_cannot_forge_structure():
    evil = "x\n# 根本原因\n| a | b |\n<script>alert(1)</script> [click](javascript:alert(1)) `"
    _, text = draft(
        an_incident(title=evil, summary=evil, links=[Link(title="](x)", url="javascript:1")]),
        an_alert("a", title=evil),
        a_notification("n", target_name=evil),
    )
    assert [line for line in text.splitlines() if line.startswith("# ")] == [
        text.splitlines()[0],
    ]
    assert text.count("## 根本原因") == 1
    assert "<script" not in text.replace(r"\<script", "")
    assert "](javascript:" not in text.replace(r"\]", "")
    for row in (line for line in text.splitlines() if line.startswith("| ")):
        assert row.replace(r"\|", "").count("|") in (5, 6)


def test_each_turn_of_an_incident_has_a_draft_of_its_own():
    first, _ = draft(an_incident())
    second, text = draft(
        an_incident(generation=7, postmortem="postmortems/shop/inc-abc-4.md"),
    )
    assert first.objects[0].name == "postmortems/shop/inc-abc-4.md"
    assert second.objects[0].name == "postmortems/shop/inc-abc-7.md"
    assert "postmortems/shop/inc-abc-4.md" in text
    (event,) = second.emitted
    assert isinstance(event.body, PostmortemDrafted)
    assert event.body.blob == "postmortems/shop/inc-abc-7.md"


def test_what_happened_after_this_resolution_is_not_part_of_it():
    incident = an_incident()
    incident.timeline.append(TimelineEntry(at=after(hours=2), kind="reopened", actor="taro"))
    _, text = draft(incident, a_notification("n", kind="reopened", created_at=after(hours=2)))
    assert "taro" not in text
    assert "再開" not in text


def test_the_same_resolution_gives_the_same_bytes():
    documents = (an_alert("a"), an_alert("b"), a_notification("n"))
    assert draft(an_incident(), *documents)[1] == draft(an_incident(), *documents)[1]


def test_it_waits_for_an_incident_that_is_not_there_yet():
    incident = an_incident()
    resolved = IncidentResolved(incident=incident.snapshot(), by="", pages=[])
    event = Event(id="ev-1", source="/test", time=T0, body=resolved)
    with pytest.raises(TryLater):
        on_resolved(resolved, Work(MemoryStore(), event, "draft_postmortem", T0))


def test_the_draft_names_an_environment_that_is_not_production_and_so_does_the_event():
    work, text = draft(an_incident(environment="staging"))

    assert "- **環境**: staging" in text
    assert "環境" not in draft(an_incident())[1].split("##")[1]
    (message,) = work.messages()
    assert b'"environment":"staging"' in message.data


def test_an_alert_of_another_rule_joins_in_one_line():
    incident = an_incident()
    detail = {"rule": "latency", "alert": "slow answers"}
    incident.timeline.append(TimelineEntry(at=after(minutes=9), kind="joined", detail=detail))
    first, again = (
        an_alert(id_, rule="latency", title="slow answers", attached_at=after(minutes=at))
        for id_, at in (("first", 9), ("again", 12))
    )
    told = [line.text for line in story("en", incident, [again, first]) if "joined" in line.text]
    assert told == [
        "Another rule's alert joined: “slow answers” (latency)",
        "Alert joined: “slow answers”",
    ]


@pytest.mark.parametrize("why", [{}, {"why": "joined"}])
def test_a_reminder_names_whom_it_was_sent_to_and_never_an_assignee_who_was_not_called(why):
    """Whoever acknowledged (root) is nobody of the profile: those of the step were called."""
    at = after(minutes=65)
    incident = an_incident(
        pages=[
            Page(number=1, at=at, step=0, severity_label="P1", reason="reminded", to="root"),
        ],
        timeline=[TimelineEntry(at=at, kind="reminded", detail={"assignee": "root"} | why)],
    )

    def told(*notifications: Notification) -> str:
        return next(
            x.text for x in story("ja", incident, (), notifications) if x.kind == "reminded"
        )

    sent = a_notification("n1", kind="reminded", page=1)
    assert told(sent).endswith("花子 に知らせました")
    assert "root" not in told(sent)
    for nobody in (
        [],
        [a_notification("n1", kind="reminded", page=1, sent_at=None, state="failed")],
        [a_notification("n1", kind="reminded", page=1, outbox=True)],
        [a_notification("n1", kind="reminded", page=1, logged=True)],
        [a_notification("n1", kind="reminded", page=0)],
        [a_notification("n1", kind="opened", page=1)],
    ):
        assert "知らせました" not in told(*nobody)


def test_a_line_on_the_log_in_place_of_a_call_is_not_told_as_one():
    in_place = a_notification("n1", channel="console", logged=True)
    _, told = draft(an_incident(), in_place)
    assert "花子 への console の通知をログに出力しただけです" in told
    assert "console で通知しました" not in told
    assert "| ログに出力したのみ |" in told
    target = a_notification("n2", target="channel:console", channel="console", logged=True)
    _, told = draft(an_incident(), target)
    assert "console がログに出力しました" in told


def test_a_known_reason_is_told_in_the_language_of_the_service():
    error = reason("reason.secret", name="SLACK_WEBHOOK_OPS")
    failed = a_notification("n1", state="failed", error=error, sent_at=None)
    entry = TimelineEntry(
        at=after(minutes=3),
        kind="notification-failed",
        detail={"channel": "slack", "target": "花子", "error": error},
    )
    _, told = draft(an_incident(timeline=[entry]), failed)
    assert told.count("シークレット SLACK\\_WEBHOOK\\_OPS が未設定です") >= 2
    assert "is not set" not in told
