"""Loading profiles: what is understood, and what is complained about where."""

from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from toban.channels.email.kind import EmailChannel
from toban.channels.slack.kind import SlackChannel
from toban.sections.load import load_directory, load_profile, parse_profile
from toban.strictyaml.findings import FileErrors as ProfileErrors
from toban.strictyaml.findings import Finding

HEAD = "service: {id: shop, name: Shop}\n"


def load(text: str):
    return parse_profile(HEAD + dedent(text), "shop.yaml").profile


def complaints(text: str | bytes, head: str = HEAD) -> list[Finding]:
    """What is wrong with a profile; its own first line is line 2."""
    data = text if isinstance(text, bytes) else head + dedent(text)
    with pytest.raises(ProfileErrors) as raised:
        parse_profile(data, "shop.yaml")
    return list(raised.value.findings)


def only(text: str | bytes, head: str = HEAD) -> Finding:
    findings = complaints(text, head)
    assert len(findings) == 1, "\n".join(f.render() for f in findings)
    return findings[0]


def test_a_profile_is_read_into_types():
    profile = load("""\
        severities:
          - {label: P1, level: 1, words: [critical], respond_within: 15m, via: [chat]}
        channels:
          chat: {type: slack, webhook_secret: SLACK_WEBHOOK, fallback: mail}
          mail: {type: email, to: [ops@example.jp]}
        oncall: {members: [aoki], first_shift: 2025-01-06, handover: {weekday: mon, at: 09:00}}
        people: {aoki: {name: 青木}}
        escalation:
          - severities: [P1]
            steps:
              - {after: 0s, notify: ["oncall:primary"]}
              - {after: 1h30m, notify: ["oncall:all"]}
        """)

    assert profile.severities[0].respond_within == 900
    assert profile.channels == {
        "chat": SlackChannel(webhook_secret="SLACK_WEBHOOK", fallback="mail"),
        "mail": EmailChannel(to=("ops@example.jp",)),
    }
    assert profile.oncall is not None
    assert profile.oncall.first_shift == date(2025, 1, 6)
    assert profile.oncall.handover.at == "09:00"
    assert [step.after for step in profile.escalation[0].steps] == [0, 5400]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90s", 90), ("15m", 900), ("4h", 14400), ("7d", 604800), ("0s", 0), ("0m", 0), ("'5m'", 300)],
)
def test_durations_are_written_with_their_unit(written, seconds):
    assert load(f"grouping: {{window: {written}}}").grouping.window == seconds


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("900", "Add the unit: 900s or 900m."),
        ("1.5h", "expected a duration like 90s, 15m, 4h, 7d or 1h30m, got '1.5h'"),
        ("15 m", "got '15 m'"),
        ("15M", "got '15M'"),
        ("-5m", "got '-5m'"),
        ("1:30", "got '1:30'"),
        ("５m", "got '５m'"),
        ("99999d", "too long"),
        ("~", "expected a duration (like 15m), got nothing"),
        ("[15m]", "expected a duration (like 15m), got a list"),
    ],
)
def test_other_durations_are_refused_with_a_hint(written, hint):
    finding = only(f"grouping:\n  window: {written}\n")

    assert (finding.line, finding.column, finding.path) == (3, 11, "grouping.window")
    assert hint in finding.message.en


@pytest.mark.parametrize("written", ["09:00", "'09:00'", "00:00", "23:59", "07:05"])
def test_clock_times_are_not_taken_for_base_sixty_numbers(written):
    profile = load(f"""\
        oncall: {{members: [a], first_shift: 2025-01-06, handover: {{at: {written}}}}}
        """)

    assert profile.oncall is not None
    assert profile.oncall.handover.at == written.strip("'")


@pytest.mark.parametrize(
    ("written", "hint"),
    [("9:00", "Did you mean 09:00?"), ("24:00", "got '24:00'"), ("0900", "got '0900'")],
)
def test_other_clock_times_are_refused(written, hint):
    finding = only(f"""\
        oncall: {{members: [a], first_shift: 2025-01-06, handover: {{at: {written}}}}}
        """)

    assert finding.path == "oncall.handover.at"
    assert hint in finding.message.en


@pytest.mark.parametrize("written", ["on", "yes", "off", "1", "2025-01-06", "1.5", "10:30"])
def test_text_that_yaml_reads_as_something_else_must_be_quoted(written):
    finding = only(f"people: {{aoki: {{name: {written}}}}}")

    assert finding.path == "people.aoki.name"
    assert f'Put it in quotes: "{written}".' in finding.message.en
    assert load(f'people: {{aoki: {{name: "{written}"}}}}').people["aoki"].name == written


def test_keys_that_yaml_reads_as_something_else_must_be_quoted():
    finding = only("people:\n  no: {name: Norway}\n")

    assert (finding.line, finding.column) == (3, 3)
    assert "expected a key (text), got a true/false value 'no'" in finding.message.en


def test_true_and_false_are_the_only_truth_values():
    assert (
        "Did you mean true?"
        in only("severities: [{label: A, level: 1, postmortem: yes}]").message.en
    )
    assert load("severities: [{label: A, level: 1, postmortem: true}]").severities[0].postmortem


@pytest.mark.parametrize("written", ["05", "1:30", "two", "1.0", "0x2"])
def test_whole_numbers_are_written_in_decimal(written):
    assert "expected a whole number" in only(f"grouping: {{max_open: {written}}}").message.en


def test_a_misspelt_key_gets_a_suggestion():
    finding = only("""\
        severities:
          - label: P1
            level: 1
            respond_withn: 15m
        """)

    assert finding.render() == (
        "shop.yaml:5:5: error: severities[0].respond_withn: "
        "unknown key 'respond_withn'. Did you mean respond_within? [unknown-key]"
    )
    assert "もしかして: respond_within" in finding.render("ja")


def test_a_key_like_no_other_gets_the_list_of_keys():
    assert (
        "Known: at, weekday."
        in only("oncall: {members: [a], first_shift: 2025-01-06, handover: {zzz: 1}}").message.en
    )


def test_unknown_choices_get_a_suggestion():
    assert "Did you mean slack?" in only("channels: {a: {type: slak}}").message.en
    assert (
        "Did you mean mon?"
        in only("""\
        oncall: {members: [a], first_shift: 2025-01-06, handover: {weekday: monn}}
        """).message.en
    )
    assert (
        "expected one of 1, 2, 3, 4, got '5'"
        in only("severities: [{label: A, level: 5}]").message.en
    )


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Asia/Tokio", "Did you mean Asia/Tokyo?"),
        ("JST", "Did you mean Asia/Tokyo?"),
        # The tz database knows these: an offset all year, or rules of no place.
        (
            "EST",
            "names no place, so nobody knows whose daylight saving is meant. Did you mean America",
        ),
        ("CET", "Did you mean Europe/Berlin?"),
        ("EST5EDT", "Did you mean America/New_York?"),
        ("GMT", "Did you mean Europe/London?"),
        ("Asia", "unknown time zone 'Asia'"),
        ("../../etc/passwd", "unknown time zone"),
        ("/etc/localtime", "unknown time zone"),
        # Files of this machine, which the functions may lack.
        ("localtime", "unknown time zone 'localtime', expected an IANA name like Asia/Tokyo."),
        ("posixrules", "unknown time zone"),
        ("posix/Asia/Tokyo", "Did you mean Asia/Tokyo?"),
        ("right/Asia/Tokyo", "Did you mean Asia/Tokyo?"),
    ],
)
def test_unknown_zones_get_a_suggestion(zone, hint):
    finding = only("", head=f"service: {{id: shop, name: Shop, timezone: {zone}}}\n")

    assert finding.path == "service.timezone"
    assert hint in finding.message.en


@pytest.mark.parametrize(
    "text",
    [
        "people: {aoki: {name: Aoki, timezone: EST}}",
        "oncall: {members: [aoki], first_shift: 2025-01-06, timezone: EST}",
    ],
)
def test_nobody_is_on_duty_by_an_abbreviation(text):
    assert only(text).path.endswith(".timezone")


def test_all_missing_keys_are_told_where_they_should_be():
    findings = complaints("oncall: {weeks: 1}")

    assert [(f.line, f.path, f.message.en) for f in findings] == [
        (2, "oncall", "the required key 'members' is missing."),
        (2, "oncall", "the required key 'first_shift' is missing."),
    ]
    assert "'service' is missing" in only("grouping: {}\n", head="").message.en
    assert (
        "'type' (slack, email, webhook, console) is missing"
        in only("channels: {a: {to: [b]}}").message.en
    )


def test_all_errors_of_a_file_are_reported_together_in_its_order():
    findings = complaints("""\
        grouping: {window: 5}
        channels:
          chat: {type: slack, webhok_secret: A}
        oncall:
          members: aoki
          first_shift: 2025-02-30
          timezone: Asia/Tokio
        """)

    assert [(f.line, f.path) for f in findings] == [
        (2, "grouping.window"),
        (4, "channels.chat.webhok_secret"),
        (6, "oncall.members"),
        (7, "oncall.first_shift"),
        (8, "oncall.timezone"),
    ]
    assert "expected a list ([aoki]), got text 'aoki'" in findings[2].message.en
    assert "no such day as 2025-02-30" in findings[3].message.en


def test_a_key_written_twice_is_an_error_that_names_the_first():
    finding = only("""\
        people:
          aoki: {name: A}
          aoki: {name: B}
        """)

    assert (finding.line, finding.code) == (4, "duplicate-key")
    assert "already on line 3" in finding.message.en


def test_an_empty_section_is_not_an_absent_one():
    assert "Leave out unused keys." in only("people:\n").message.en


def test_sections_of_the_wrong_shape_say_what_was_expected():
    assert "expected keys and values, got a list" in only("grouping: [1]").message.en
    assert "expected names and values, got text 'x'" in only("people: x").message.en


def test_ids_are_lower_case():
    finding = only("", head="service: {id: Shop_1, name: Shop}\n")

    assert finding.path == "service.id"
    assert "lower-case letters" in finding.message.en


# --- dates and times ---------------------------------------------------------------------------


def overrides(start: str, end: str, zone: str = "") -> str:
    return f"""\
        oncall:
          members: [a, b]
          first_shift: 2025-01-06
          {f"timezone: {zone}" if zone else "weeks: 1"}
          overrides:
            - {{start: {start}, end: {end}, person: a}}
        """


@pytest.mark.parametrize(
    ("written", "zone", "expected"),
    [
        ("2025-01-08 09:00", "", "2025-01-08 00:00"),  # the service's zone, Asia/Tokyo
        ("2025-01-08T09:00", "", "2025-01-08 00:00"),
        ("2025-01-08 09:00:00", "America/New_York", "2025-01-08 14:00"),
        ("2025-01-08 09:00", "UTC", "2025-01-08 09:00"),
        ("2025-01-08T09:00Z", "America/New_York", "2025-01-08 09:00"),
        ("2025-01-08T09:00+02:00", "", "2025-01-08 07:00"),
        ("2025-11-02 01:30", "America/New_York", "2025-11-02 05:30"),  # twice: the first
    ],
)
def test_times_without_an_offset_are_local_to_the_rotation(written, zone, expected):
    profile = load(overrides(f'"{written}"', "2026-01-01 00:00", zone))

    assert profile.oncall is not None
    assert profile.oncall.overrides[0].start == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_quotes_around_times_are_optional():
    quoted = load(overrides("'2025-01-08 09:00'", "'2025-01-09 09:00'"))
    bare = load(overrides("2025-01-08 09:00", "2025-01-09 09:00"))

    assert quoted == bare


def test_the_services_zone_counts_where_the_rotation_has_none():
    head = "service: {id: shop, name: Shop, timezone: Europe/Berlin}\n"
    text = head + dedent(overrides("2025-07-01 09:00", "2025-07-02 09:00"))

    profile = parse_profile(text).profile

    assert profile.oncall is not None
    assert profile.oncall.overrides[0].start == datetime(2025, 7, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "zone", "hint"),
    [
        ("2025-03-09 02:30", "America/New_York", "Write 2025-03-09 03:00 or later"),
        ("2025-10-05 02:10", "Australia/Lord_Howe", "Write 2025-10-05 02:30 or later"),
        ("2025-01-08", "", "expected a date and time like"),
        ("2025-13-08 09:00", "", "no such date and time"),
        ("2025-01-08 25:00", "", "no such date and time"),
        ("tomorrow", "", "got 'tomorrow'"),
        ("0001-01-01 00:00", "", "no such date and time"),
    ],
)
def test_times_that_do_not_exist_are_refused(written, zone, hint):
    finding = only(overrides(written, "2026-01-01 00:00", zone))

    assert (finding.line, finding.path) == (7, "oncall.overrides[0].start")
    assert hint in finding.message.en


# --- YAML itself -------------------------------------------------------------------------------


def test_aliases_and_merges_are_understood():
    profile = load("""\
        people:
          aoki: &person {name: A, email: a@example.jp}
          baba: *person
          chiba: {<<: *person, name: C}
        """)

    assert profile.people["baba"] == profile.people["aoki"]
    assert (profile.people["chiba"].name, profile.people["chiba"].email) == ("C", "a@example.jp")


def test_tabs_and_syntax_errors_are_explained():
    tab = only("people:\n\taoki: {name: A}\n")
    colon = only("people: {aoki: {name: A}}\ngrouping: window: 5m\n")

    assert (tab.line, tab.code) == (3, "yaml-syntax")
    assert "use spaces" in tab.message.en
    assert colon.line == 3
    assert "Quote a value" in colon.message.en


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "empty"),
        (b"# nothing\n", "empty"),
        (b"- a\n", "wrong-type"),
        (b"hello\n", "wrong-type"),
        (b"service: {id: a, name: b}\n---\nservice: {id: c, name: d}\n", "yaml-syntax"),
        (b"service: !!python/object/apply:os.system [ls]\n", "tag"),
        (b"service: {id: !custom a, name: b}\n", "tag"),
        (b"service: {id: a, name: *nowhere}\n", "yaml-syntax"),
        (b"service: {id: a, name: \x07}\n", "yaml-syntax"),
        (b"service: {id: a, name: '\xe6\x9d'}\n", "not-utf8"),
        ("service: {id: a, name: 東京}\n".encode("shift_jis"), "not-utf8"),
        ("service: {id: a, name: b}\n".encode("utf-16"), "not-utf8"),
        (b"service: " + b"[" * 5000, "yaml-syntax"),
        (b"service: {id: a, name: b}\n" + b"#" * (1 << 20), "too-big"),
        (b"service: &a {id: x, name: y, <<: *a}\n", "wrong-type"),
        (b"service: &a {id: x, name: y, <<: &b {<<: *a}}\n", "wrong-type"),
        (b"service: &a {id: x, name: *a}\n", "wrong-type"),
        (b"? {a: b}\n: c\nservice: {id: x, name: y}\n", "wrong-type"),
    ],
)
def test_files_that_are_no_profiles_are_refused_with_a_place(text, code):
    findings = complaints(text)

    assert code in {finding.code for finding in findings}
    assert all(finding.message.ja and finding.message.en for finding in findings)


def test_aliases_that_multiply_are_refused():
    words = ", ".join(["critical"] * 300)
    copies = ", ".join(["*one"] * 300)

    finding = only(f"severities: [&one {{label: A, level: 1, words: [{words}]}}, {copies}]\n")

    assert finding.code == "too-big"


def test_a_byte_order_mark_is_harmless():
    assert parse_profile(b"\xef\xbb\xbfservice: {id: a, name: b}\n").profile.service.id == "a"


def test_the_source_map_finds_keys_items_and_what_is_missing():
    source = parse_profile(
        HEAD
        + dedent("""\
        people:
          aoki:
            name: A
        escalation:
          - severities: [P1]
            steps:
              - after: 0m
                notify:
                  - person:aoki
        """)
    ).source

    assert source.line("people.aoki") == 3
    assert source.line("people.aoki.name") == 4
    assert source.line("people.aoki.email") == 3  # absent: the person
    assert source.line("escalation[0].steps[0].notify[0]") == 10
    assert source.line("escalation[0].steps[7].via[0]") == 7
    assert source.line('service.match[0].labels["a.b"]') == 1
    assert source.line("") == 1


# --- files -------------------------------------------------------------------------------------


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_a_directory_is_loaded_by_service_id(tmp_path):
    write(tmp_path, "b.yaml", "service: {id: beta, name: B}\n")
    write(tmp_path, "a.yml", "service: {id: alpha, name: A}\n")
    write(tmp_path, "README.md", "not a profile")
    (tmp_path / ".#a.yml").symlink_to("aoki@laptop.123:456")  # Emacs, while a.yml is edited
    (tmp_path / "._b.yaml").write_bytes(b"\0\5\26\7")  # macOS, beside what it has copied

    assert list(load_directory(tmp_path)) == ["alpha", "beta"]


def test_the_errors_of_all_files_are_reported_together(tmp_path):
    write(tmp_path, "a.yaml", "service: {id: alpha}\n")
    write(tmp_path, "b.yaml", "service: {id: beta, nam: B}\n")

    with pytest.raises(ProfileErrors) as raised:
        load_directory(tmp_path)

    lines = str(raised.value).splitlines()
    assert [line.split(": error")[0] for line in lines] == [
        f"{tmp_path}/a.yaml:1:10",
        f"{tmp_path}/b.yaml:1:10",
        f"{tmp_path}/b.yaml:1:21",
    ]


def test_two_files_may_not_define_the_same_service(tmp_path):
    write(tmp_path, "a.yaml", "service: {id: shop, name: A}\n")
    write(tmp_path, "b.yaml", "\nservice: {id: shop, name: B}\n")

    with pytest.raises(ProfileErrors, match=r"b\.yaml:2:11: error.*also defined in .*a\.yaml"):
        load_directory(tmp_path)


def test_of_two_files_of_a_service_the_one_with_another_name_is_the_copy(tmp_path):
    write(tmp_path, "copy.yaml", "service: {id: shop, name: A}\n")
    write(tmp_path, "shop.yaml", "service: {id: shop, name: B}\n")

    with pytest.raises(ProfileErrors, match=r"copy\.yaml:1:11: error.*defined in .*shop\.yaml"):
        load_directory(tmp_path)


def test_missing_files_and_empty_directories_are_errors(tmp_path):
    with pytest.raises(ProfileErrors, match="cannot be read: No such file"):
        load_profile(tmp_path / "none.yaml")
    with pytest.raises(ProfileErrors, match="cannot be read: Is a directory"):
        load_profile(tmp_path)
    with pytest.raises(ProfileErrors, match="no such directory"):
        load_directory(tmp_path / "none")
    with pytest.raises(ProfileErrors, match="no profiles"):
        load_directory(tmp_path)


def test_long_values_are_quoted_in_part():
    assert len(only(f"grouping: {{window: {'9' * 5000}x}}").message.en) < 200


def test_endless_unknown_keys_are_not_endless_complaints():
    keys = "\n".join(f"k{number}: 1" for number in range(21_000))

    assert complaints(keys)[-1].code == "too-big"
