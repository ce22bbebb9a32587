"""What `toban check` proves: one mistake at a time, made in a profile that is in order."""

from textwrap import dedent

import pytest

from tests.profiles import Profile
from toban.sections.check import check, check_together
from toban.sections.files import check_directory, check_file
from toban.sections.load import parse_profile
from toban.strictyaml.findings import FileErrors, Finding

GOOD = """\
service:
  id: shop
  name: Shop
  match:
    - labels: {project: shop}
severities:
  - {label: P1, level: 1, words: [critical], respond_within: 15m, via: [mail]}
  - {label: P3, level: 3, words: [warning], notify: ["channel:chat"]}
channels:
  chat: {type: slack, webhook_secret: SLACK_WEBHOOK_OPS, fallback: console}
  mail: {type: email, fallback: chat}
  console: {type: console}
people:
  aoki: {name: Aoki, email: aoki@example.jp}
  baba: {name: Baba, email: baba@example.jp}
oncall:
  members: [aoki, baba]
  first_shift: 2025-01-06
escalation:
  - severities: [P1]
    steps:
      - {after: 0m, notify: ["oncall:primary"]}
      - {after: 15m, notify: ["oncall:secondary"]}
backup:
  destinations:
    - {bucket: shop-backup, region: asia-northeast1}
    - {bucket: shop-backup-osaka, region: asia-northeast2}
  sources:
    database: {type: postgres, url_secret: DATABASE_URL}
  plans:
    - {source: database, class: daily, schedule: "0 2 * * *", keep: {daily: 7}}
"""


def profile(*changes: tuple[str, str]) -> Profile:
    """The good profile with some text replaced."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return parse_profile(text, "shop.yaml").profile


def found(*changes: tuple[str, str]) -> list[Finding]:
    return check(profile(*changes))


def test_a_profile_in_order_has_no_findings():
    assert found() == []


# Each row: what is changed to what, and the (severity, code, path) that must be found.
MISTAKES = [
    ("[critical], respond", "[critical, WARNING], respond", "error ambiguous-word severities[1].words[0]"),
    ("Aoki, email", "Aoki, timezone: Zulu, email", "warning fixed-zone people.aoki.timezone"),
    ("Aoki, email", "Aoki, timezone: Etc/GMT-9, email", "warning fixed-zone people.aoki.timezone"),
    ("first_shift: 2025-01-06", "first_shift: 2025-01-06\n  timezone: GMT0", "warning fixed-zone oncall.timezone"),
    ("name: Shop", "name: Shop\n  timezone: Etc/GMT-9", "warning fixed-zone service.timezone"),
    ("label: P3", "label: p1", "error ambiguous-word severities[1].label"),
    ("label: P3, level: 3", "label: P3, level: 1", "warning same-level severities[1].level"),
    ("via: [mail]", "via: [mial]", "error unknown-channel severities[0].via[0]"),
    ("via: [mail]", "via: [mail], remind_after: 4m", "error wrong-value severities[0].remind_after"),
    ("via: [mail]", "via: [mail], remind_after: 0m", "error wrong-value severities[0].remind_after"),
    ("via: [mail]", "via: [mail], remind_after: 8d", "warning long-silence severities[0].remind_after"),
    ("via: [mail]", "via: [chat]", "warning unnoticed escalation[0].steps[0].notify[0]"),
    ("via: [mail]", "via: []", "error no-address escalation[0].steps[0].notify[0]"),
    ('notify: ["channel:chat"]', "notify: []", "error reaches-nobody severities[1]"),
    ('notify: ["channel:chat"]', 'notify: ["channel:chad"]', "error unknown-channel severities[1].notify[0]"),
    ('notify: ["channel:chat"]', "notify: [chat]", "error bad-target severities[1].notify[0]"),
    ('notify: ["channel:chat"]', 'notify: ["channel:mail"]', "error no-address severities[1].notify[0]"),
    ("label: P3, level: 3", "label: P3, level: 2", "warning wakes-nobody severities[1]"),
    ("oncall:primary", "oncall:boss", "error bad-target escalation[0].steps[0].notify[0]"),
    ("oncall:primary", "person:aok", "error unknown-person escalation[0].steps[0].notify[0]"),
    ("after: 0m", "after: 5m", "error late-first-step escalation[0].steps[0].after"),
    ("after: 15m", "after: 0m", "error steps-order escalation[0].steps[1].after"),
    ('notify: ["oncall:secondary"]', "notify: []", "error reaches-nobody escalation[0].steps[1].notify"),
    ('notify: ["oncall:secondary"]', 'notify: ["oncall:all"], via: [chta]', "error unknown-channel escalation[0].steps[1].via[0]"),
    ("- severities: [P1]", "- severities: [P2]", "error unknown-severity escalation[0].severities[0]"),
    ("- severities: [P1]", "- severities: []", "error never-used escalation[0].severities"),
    ("escalation:\n", "escalation:\n  - {severities: [P1], steps: []}\n", "error no-steps escalation[0].steps"),
    ("escalation:\n", "escalation:\n  - {severities: [P1], steps: []}\n", "error never-used escalation[1].severities[0]"),
    ("fallback: console", "fallback: consol", "error unknown-channel channels.chat.fallback"),
    ("console: {type: console}", "console: {type: console, fallback: mail}", "error fallback-loop channels.console.fallback"),
    ("fallback: console", "fallback: chat", "error fallback-loop channels.chat.fallback"),
    ("webhook_secret: SLACK_WEBHOOK_OPS", "channel: ops", "error incomplete channels.chat"),
    ("webhook_secret: SLACK", "token_secret: SLACK", "error incomplete channels.chat"),
    ("type: console}", "type: webhook}", "error incomplete channels.console"),
    ("type: console}", 'type: webhook, url: "ftp://x"}', "error wrong-value channels.console.url"),
    ("type: console}", "type: webhook, url: https://x.example, url_secret: X}", "error incomplete channels.console"),
    ("type: console}", "type: webhook, url: https://hooks.slack.com/services/T/B/x}", "error secret-name channels.console.url"),
    ("type: email", "type: email, to: [everybody]", "error wrong-value channels.mail.to[0]"),
    ("type: email", "type: email, sender: me", "error wrong-value channels.mail.sender"),
    ("people:\n", "people:\n  doi: {name: D, email: d@example.jp}\n", "warning unused-person people.doi"),
    ("channels:\n", "channels:\n  spare: {type: console}\n", "warning unused-channel channels.spare"),
    ("Aoki, email: aoki@example.jp", "Aoki", "warning no-email people.aoki"),
    ("Aoki, email: aoki@example.jp", "Aoki", "error no-address escalation[0].steps[0].notify[0]"),
    ("aoki@example.jp", "aoki at example", "error wrong-value people.aoki.email"),
    ("members: [aoki, baba]", "members: []", "error uncovered oncall.members"),
    ("members: [aoki, baba]", "members: [aoki, bab]", "error unknown-person oncall.members[1]"),
    ("members: [aoki, baba]", "members: [aoki]", "warning no-secondary escalation[0].steps[1].notify[0]"),
    ("oncall:\n", "oncall:\n  secondary: [bob]\n", "error unknown-person oncall.secondary[0]"),
    ("oncall:\n", "oncall:\n  weeks: 0\n", "error wrong-value oncall.weeks"),
    ("2025-01-06", "2025-01-08", "error first-shift oncall.first_shift"),
    ("severities:\n", "grouping: {max_open: 0}\nseverities:\n", "error wrong-value grouping.max_open"),
    ("severities:\n", "grouping: {expire_after: 59m}\nseverities:\n", "error wrong-value grouping.expire_after"),
    ("- labels: {project: shop}", "- labels: {}", "error empty-rule service.match[0]"),
    ("- labels: {project: shop}", "- labels: {a: b}\n    - labels: {a: b}", "warning repeated service.match[1]"),
    ("  match:\n    - labels: {project: shop}\n", "", "warning no-match service"),
    ("name: Shop", "name: ' '", "error empty service.name"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES)
def test_a_mistake_is_found_where_it_is(old, new, expected):
    findings = found((old, new))

    assert expected in [f"{f.severity} {f.code} {f.path}" for f in findings]
    assert all(f.message.ja and f.message.en for f in findings)


@pytest.mark.parametrize(
    "changes",
    [
        [("via: [mail]", "via: [chat, mail]")],
        [("via: [mail]", "via: [chat]"), ("email: aoki", "slack: U01, email: aoki"), ("email: baba", "slack: U02, email: baba")],
    ],
)  # fmt: skip
def test_whoever_is_mentioned_or_reached_otherwise_hears_of_it(changes):
    assert "unnoticed" not in [finding.code for finding in found(*changes)]


def test_the_smallest_values_that_make_sense_are_taken():
    assert (
        found(("severities:\n", "grouping: {max_open: 1, expire_after: 1h}\nseverities:\n")) == []
    )


def test_a_misspelt_name_gets_a_suggestion():
    [finding] = found(("via: [mail]", "via: [mial]"))[:1]

    assert finding.message.en == "there is no channel 'mial'. Did you mean mail?"
    assert finding.message.ja == "チャンネル 'mial' は定義されていません。もしかして: mail"


def test_a_bare_name_gets_the_whole_target_as_suggestion():
    messages = [f.message.en for f in found(('"channel:chat"', "chat"))]

    assert any(m.endswith("Did you mean channel:chat?") for m in messages)


def test_a_first_shift_on_the_wrong_weekday_gets_the_next_right_day():
    [finding] = found(("2025-01-06", "2025-01-08"))

    assert finding.message.en == (
        "2025-01-08 is a Wednesday, the hand-over is on Monday. Did you mean 2025-01-13?"
    )
    assert "引き継ぎの曜日（月曜日）ではなく水曜日です" in finding.message.ja


def test_a_secret_written_in_place_of_its_name_is_not_repeated():
    url = "https://hooks.slack.com/services/T0/B0/abcdef"
    findings = found(("webhook_secret: SLACK_WEBHOOK_OPS", f"webhook_secret: {url}"))

    assert [f.code for f in findings] == ["secret-name"]
    assert "abcdef" not in findings[0].render("en") + findings[0].render("ja")


def test_a_first_step_may_tell_a_channel_and_the_next_a_person():
    assert found(('["oncall:primary"]', '["channel:chat"]'), ("after: 15m", "after: 10m")) == []


def test_a_person_told_after_the_response_target_is_too_late():
    findings = found(('["oncall:primary"]', '["channel:chat"]'), ("after: 15m", "after: 20m"))

    assert [(f.severity, f.code, f.path) for f in findings] == [
        ("warning", "too-late", "severities[0]")
    ]


def test_overrides_are_checked_against_each_other():
    overrides = """\
oncall:
  overrides:
    - {start: 2025-01-08 09:00, end: 2025-01-10 09:00, person: aoki}
    - {start: 2025-01-09 09:00, end: 2025-01-11 09:00, person: baba}
    - {start: 2025-01-09 09:00, end: 2025-01-11 09:00, person: baba, role: secondary}
    - {start: 2025-02-09 09:00, end: 2025-02-08 09:00, person: bab}
"""

    findings = [f"{f.code} {f.path}" for f in found(("oncall:\n", overrides))]

    assert findings == [
        "unknown-person oncall.overrides[3].person",
        "override-time oncall.overrides[3].end",
        "override-overlap oncall.overrides[1]",
        "override-both oncall.overrides[2]",
    ]


def test_the_same_person_may_take_one_role_after_the_other():
    overrides = """\
oncall:
  overrides:
    - {start: 2025-01-08 09:00, end: 2025-01-10 09:00, person: aoki}
    - {start: 2025-01-10 09:00, end: 2025-01-11 09:00, person: aoki, role: secondary}
    - {start: 2025-01-07 09:00, end: 2025-01-08 09:00, person: aoki}
    - {start: 2025-01-08 09:00, end: 2025-01-10 09:00, person: baba, role: secondary}
"""

    assert found(("oncall:\n", overrides)) == []


def test_a_stand_in_must_be_reachable_too():
    override = """\
oncall:
  overrides:
    - {start: 2025-01-08 09:00, end: 2025-01-10 09:00, person: doi}
"""
    findings = found(("oncall:\n", override), ("people:\n", "people:\n  doi: {name: Doi}\n"))

    assert "doi has no email address, which mail needs." in [f.message.en for f in findings]


def test_absent_sections_are_told_as_inactive():
    bare = parse_profile("service: {id: shop, name: Shop}\n").profile

    assert [(f.severity, f.path) for f in check(bare) if f.code == "inactive"] == [
        ("info", "severities"),
        ("info", "channels"),
        ("info", "people"),
        ("info", "oncall"),
        ("info", "escalation"),
        ("info", "backup"),
    ]


def test_a_service_that_takes_alerts_needs_severities():
    bare = parse_profile("service: {id: shop, name: Shop, default: true}\n").profile

    assert [f.path for f in check(bare) if f.severity == "error"] == ["severities"]


def test_oncall_targets_need_an_oncall_section():
    text = GOOD.replace("oncall:\n  members: [aoki, baba]\n  first_shift: 2025-01-06\n", "")

    codes = [f.code for f in check(parse_profile(text).profile)]

    assert codes.count("no-oncall") == 2


# --- several services --------------------------------------------------------------------------


def test_only_one_service_may_be_the_default():
    one = profile(("name: Shop", "name: Shop\n  default: true"))
    two = profile(("id: shop", "id: toko\n  default: true"), ("project: shop", "project: toko"))

    assert [f.code for f in check(one, [one, two])] == ["two-defaults"]
    assert check(one, [one]) == []


def test_no_default_at_all_is_told_once_for_the_whole():
    assert [f.code for f in check_together({"shop": profile()})] == ["no-default"]
    assert check_together({}) == []


def test_two_services_may_not_claim_the_same_alerts():
    one, two = profile(), profile(("id: shop", "id: toko"))

    [finding] = check(two, [one, two])

    assert (finding.code, finding.path) == ("same-rule", "service.match[0]")
    assert "only shop would get alerts" in finding.message.en


def test_two_profiles_of_one_service_are_an_error():
    assert "duplicate-service" in [f.code for f in check(profile(), [profile()])]


# --- files -------------------------------------------------------------------------------------


def test_findings_of_a_directory_have_file_and_line(tmp_path):
    (tmp_path / "shop.yaml").write_text(GOOD.replace("via: [mail]", "via: [mial]"))
    (tmp_path / "other.yaml").write_text(
        dedent("""\
        service:
          id: toko
          name: Toko
          colour: red
        """)
    )

    findings = check_directory(tmp_path)

    assert [f.render() for f in findings] == [
        (
            f"{tmp_path}/other.yaml:4:3: error: service.colour: unknown key 'colour'. "
            "Known: default, environments, id, language, match, name, name_en, timezone. [unknown-key]"
        ),
        (
            f"{tmp_path}/shop.yaml:7:73: error: severities[0].via[0]: "
            "there is no channel 'mial'. Did you mean mail? [unknown-channel]"
        ),
        (
            f"{tmp_path}/shop.yaml:11:3: warning: channels.mail: "
            "nothing uses the channel mail. [unused-channel]"
        ),
    ]


def test_a_file_is_named_after_its_service(tmp_path):
    path = tmp_path / "store.yaml"
    path.write_text(GOOD)

    [finding] = check_file(path)

    assert (finding.code, finding.line, finding.severity) == ("file-name", 2, "warning")


def test_a_set_of_profiles_without_a_default_is_told_at_the_directory(tmp_path):
    (tmp_path / "shop.yaml").write_text(GOOD)

    assert [(f.code, f.file) for f in check_directory(tmp_path)] == [("no-default", str(tmp_path))]


def complaint(*changes: tuple[str, str]) -> Finding:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(FileErrors) as raised:
        parse_profile(text, "shop.yaml")
    return raised.value.findings[0]


@pytest.mark.parametrize(
    "change",
    [
        ("service:\n", "service：\n"),
        ("  id: shop", "  id：shop"),
        ("{daily: 7}", "{daily：7}"),
        ("keep: {daily: 7}", "keep：{daily: 7}"),
    ],
)
def test_a_full_width_colon_is_named(change):
    message = complaint(change).message
    assert "full-width" in message.en
    assert "全角" in message.ja


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("  id: shop", "\u3000\u3000id: shop", None),
        ("  id: shop", "  id:\u3000shop", 0),
        ("  id: shop", "  \u3000id: shop", 0),
        ("keep: {daily: 7}", "keep: {daily:\u30007}", None),
        ("keep: {daily: 7}", "k\u3000eep: {daily: 7}", 0),
    ],
)
def test_a_full_width_space_is_named_where_it_stands(right, wrong, line):
    text = GOOD.replace(right, wrong, 1)
    with pytest.raises(FileErrors) as raised:
        parse_profile(text, "shop.yaml")
    told = [f for f in raised.value.findings if "full-width space" in f.message.en]
    assert told, [f.message.en for f in raised.value.findings]
    assert "全角スペース" in told[0].message.ja
    if line is not None:
        assert "\u3000" in text.splitlines()[told[0].line - 1]


def test_a_full_width_space_in_a_text_is_nobodys_mistake():
    text = 'service:\n  id: shop\n  name: "買い物\u3000かご"\n  name_en: Shop: the\n'
    with pytest.raises(FileErrors) as raised:
        parse_profile(text, "shop.yaml")
    assert all("full-width" not in finding.message.en for finding in raised.value.findings)


@pytest.mark.parametrize(("written", "meant"), [("7d", "7"), ("30", "30")])
def test_days_alone_are_no_retention_and_what_is_meant_is_shown(written, meant):
    finding = complaint(("keep: {daily: 7}", f"keep: {written}"))
    assert f" Write keep: {{keep_days: {meant}}}." in finding.message.en
    assert f"keep: {{keep_days: {meant}}} と書きます。" in finding.message.ja


def test_a_hint_in_japanese_follows_without_a_space():
    for change in (("via: [mail]", "via: [mial]"), ("oncall:primary", "oncall:boss")):
        assert "。 " not in found(change)[0].message.ja
