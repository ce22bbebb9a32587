"""The map is right, says what the code does, and what is generated from it is up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.house.reach import collections, reached_from
from toban.kernel.event import from_message
from toban.ports import Message
from toban.topology import MapError, load
from toban.topology.documents import document_classes
from toban.topology.drawings import domains, one_domain, overview
from toban.topology.generate import ROOT, differing, drift, embedded
from toban.topology.graph import follows, unguarded_loops
from toban.topology.markdown import MAP as PLACE
from toban.topology.markdown import SECRETS, embed, secret_table
from toban.topology.reader import parse
from toban.topology.schemas import bodies
from toban.topology.types import Topology

MAP = (ROOT / "events" / "topology.yaml").read_text(encoding="utf-8")
TOPOLOGY = load()
BODIES = bodies()
FUNCTIONS = sorted(TOPOLOGY.functions)

SMALL = """\
defaults:
  memory_mb: 256
  timeout_s: 60
  concurrency: 8
  max_attempts: 5
  backoff_s: [10, 600]
  ack_deadline_s: 60
  retention_days: 7
topics:
  alert-fired:
    event: toban.alert.fired.v1
    about: {en: It fires., ja: 発報。}
  incident-opened:
    event: toban.incident.opened.v1
    about: {en: It began., ja: 開始。}
functions:
  ingest_alert:
    about: {en: In., ja: 入口。}
    http: [/generic]
    emits: [alert-fired]
  open_incident:
    about: {en: Opens., ja: 開始。}
    consumes: [alert-fired]
    emits: [incident-opened]
    writes: [incidents]
  page_responders:
    about: {en: Pages., ja: 通知。}
    consumes: [incident-opened]
schedules: {}
"""


def findings(text: str) -> list[str]:
    with pytest.raises(MapError) as caught:
        parse(text, "map.yaml")
    return list(caught.value.findings)


# --- reading ---------------------------------------------------------------------------------


def test_a_subscription_is_named_after_topic_and_function():
    first, second = parse(SMALL).subscriptions()
    assert (first.name, first.dead_letter) == (
        "alert-fired--open_incident",
        "alert-fired--open_incident--dead",
    )
    assert (second.max_attempts, second.backoff_s, second.retention_days) == (5, (10, 600), 7)


def test_what_a_function_says_wins_over_the_defaults():
    text = SMALL.replace("    writes: [incidents]", "    writes: [incidents]\n    memory_mb: 512")
    functions = parse(text).functions
    assert functions["open_incident"].memory_mb == 512
    assert functions["ingest_alert"].memory_mb == 256


def test_shared_emits_go_to_consumers_only():
    text = SMALL.replace("  retention_days: 7", "  retention_days: 7\n  emits: [incident-opened]")
    topology = parse(
        text.replace("ja: 開始。}\nfunctions", "ja: 開始。}\n    loop_ends: Once.\nfunctions")
    )
    assert topology.emitted_by("page_responders") == {"incident-opened"}
    assert topology.emitted_by("ingest_alert") == {"alert-fired"}


def test_roles_follow_from_what_a_function_does():
    topology = parse(SMALL)
    assert topology.roles("ingest_alert") == ["roles/pubsub.publisher"]
    assert topology.roles("open_incident") == ["roles/datastore.user", "roles/pubsub.publisher"]
    assert topology.roles("page_responders") == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "memory_mb: 256",
            "memmory_mb: 256",
            "map.yaml:2: defaults.memmory_mb: unknown key 'memmory_mb'. Did you mean memory_mb",
        ),
        ("consumes: [alert-fired]", "consumes: [alert-fird]", "map.yaml:23: there is no topic"),
        (
            "memory_mb: 256",
            "memory_mb: a lot",
            "map.yaml:2: defaults.memory_mb: expected a whole number",
        ),
        (
            "toban.alert.fired.v1",
            "toban.alert.shot.v1",
            "map.yaml:11: toban.alert.shot.v1 on topic",
        ),
        ("timeout_s: 60", "timeout_s: 120", "may run 120 s but has to acknowledge sooner"),
        ("http: [/generic]", "http: []", "map.yaml:17: ingest_alert needs either http or consumes"),
        ("consumes: [incident-opened]", "http: [/x]", "nothing consumes incident-opened"),
        ("emits: [alert-fired]", "emits: []", "nothing publishes alert-fired"),
        ("[incidents]", "[incidents, incidents]", "open_incident.writes lists incidents twice"),
        (
            "  open_incident:",
            "  ingest_alert:",
            "map.yaml:21: functions.ingest_alert: the key 'ingest_alert' is already on line 17",
        ),
        ("[incidents]", "[incidents]\n    reads: [incidents]", "list it once"),
        ("[incidents]", "[incidents]\n    secrets: [KEY]", "secrets does not say what KEY is"),
        (
            "schedules: {}",
            "secrets: {KEY: {about: {en: k, ja: k}}}\nschedules: {}",
            "no function needs KEY",
        ),
        (
            "max_attempts: 5",
            "max_attempts: 3",
            "map.yaml:5: defaults.max_attempts: expected at least 5",
        ),
        (
            "schedules: {}",
            "schedules:\n  s: {cron: '* * *', zone: Asia/Tokio, emits: alert-fired}",
            "there is no time zone 'Asia/Tokio'",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, expected: str):
    assert any(expected in finding for finding in findings(SMALL.replace(old, new, 1)))


def test_every_mistake_is_told_at_once():
    text = SMALL.replace("[alert-fired]", "[alert-fird]").replace("[/generic]", "[]")
    assert len(findings(text)) >= 3


def test_a_loop_needs_a_reason_to_end():
    looping = SMALL.replace(
        "consumes: [incident-opened]", "consumes: [incident-opened]\n    emits: [alert-fired]"
    )
    (finding,) = findings(looping)
    assert "nothing ends the loop alert-fired → incident-opened → alert-fired" in finding
    ended = looping.replace(
        "ja: 開始。}\nfunctions", "ja: 開始。}\n    loop_ends: Once.\nfunctions"
    )
    assert unguarded_loops(parse(ended)) == []


def test_a_syntax_error_is_told_with_its_line():
    assert findings("topics:\n  a: [\n")[0].startswith("map.yaml:3:")


# --- the map of this project -----------------------------------------------------------------


def test_generated_files_are_up_to_date():
    assert drift() == [], "run `make map`"


def test_the_map_fits_its_schema():
    schema = json.loads((ROOT / "events" / "topology.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(MAP))


def test_the_schema_refuses_what_the_reader_refuses():
    schema = json.loads((ROOT / "events" / "topology.schema.json").read_text(encoding="utf-8"))
    wrong = yaml.safe_load(MAP)
    wrong["functions"]["tick"]["memmory_mb"] = 128
    assert not jsonschema.Draft202012Validator(schema).is_valid(wrong)


def test_every_topic_carries_a_known_event_and_every_event_has_a_topic():
    on_map = {topic.event: name for name, topic in TOPOLOGY.topics.items()}
    assert on_map == {type_: body.TOPIC for type_, body in BODIES.items()}


def test_every_function_has_a_folder_and_every_folder_stands_on_the_map():
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/main.py")}
    assert folders == set(FUNCTIONS)


def test_names_fit_what_google_allows():
    for subscription in TOPOLOGY.subscriptions():
        assert re.fullmatch(r"[a-zA-Z][\w.~+%-]{2,254}", subscription.dead_letter)
        assert not subscription.name.startswith("goog")
    for name in FUNCTIONS:
        assert len(f"fn-{name}") <= 30


@pytest.mark.parametrize("name", ["README.md", "README.ja.md"])
def test_a_secret_that_a_readme_loses_is_told(tmp_path: Path, name: str):
    page = (ROOT / name).read_text(encoding="utf-8")
    path = tmp_path / name
    line = next(line for line in page.splitlines() if line.startswith("| `LINK_SIGNING`"))
    path.write_text(page.replace(f"{line}\n", ""), encoding="utf-8")
    table = secret_table(TOPOLOGY, "ja" if name.endswith("ja.md") else "en")
    files = embedded(path, lambda text: SECRETS.replaced(text, table))
    assert differing(files, tmp_path) == [f"{name}: differs"]
    path.write_text(page.replace(SECRETS.begin, ""), encoding="utf-8")
    with pytest.raises(ValueError, match=f"^{name} needs the lines"):
        embedded(path, lambda text: SECRETS.replaced(text, table))


def test_every_secret_of_a_function_is_in_the_table():
    table = secret_table(TOPOLOGY, "en")
    secrets = {s.replace("*", "…") for f in TOPOLOGY.functions.values() for s in f.secrets}
    assert sorted(s for s in secrets if f"| `{s}` |" not in table) == []


DOMAINS = domains(ROOT, TOPOLOGY)


def test_the_drawings_go_between_their_markers_and_nowhere_else():
    page = f"# Mine\n\n{PLACE.begin}\nold\n{PLACE.end}\n\nMy own words.\n"
    embedded = embed(page, TOPOLOGY, DOMAINS)
    assert embedded.startswith(f"# Mine\n\n{PLACE.begin}\n\n```mermaid")
    assert embedded.endswith(f"{PLACE.end}\n\nMy own words.\n")
    assert "old" not in embedded.partition(PLACE.begin)[2].split()
    assert embed(embedded, TOPOLOGY, DOMAINS) == embedded
    with pytest.raises(ValueError, match="map:begin"):
        embed("# No place for it\n", TOPOLOGY, DOMAINS)


def test_the_domain_of_a_function_follows_from_its_main():
    assert DOMAINS["open_incident"] == "incidents"
    assert DOMAINS["deliver_notification"] == "notify"
    assert DOMAINS["tick"] == DOMAINS["sweep_documents"] == "platform"
    assert set(DOMAINS) == set(FUNCTIONS)


@pytest.mark.parametrize("domain", sorted(set(DOMAINS.values())))
def test_the_drawing_of_a_domain_shows_its_functions_with_all_their_topics(domain: str):
    drawn = one_domain(TOPOLOGY, DOMAINS, domain)
    for name, entry in TOPOLOGY.functions.items():
        assert (f"    {name}[{name}]" in drawn) == (DOMAINS[name] == domain)
        if DOMAINS[name] == domain:
            for topic in entry.consumes:
                assert f"    {topic.replace('-', '_')} --> {name}\n" in drawn
            for topic in set(entry.emits) - {"message-parked"}:
                assert f"    {name} --> {topic.replace('-', '_')}\n" in drawn


def test_the_overview_shows_what_goes_from_one_domain_to_another():
    drawn = overview(TOPOLOGY, DOMAINS)
    assert 'postmortems -- "postmortem-drafted" --> incidents' in drawn
    assert 'actions -- "command-issued" --> incidents' in drawn
    assert "backup-step-due" not in drawn  # stays inside
    assert len(drawn.splitlines()) < 40


# --- events ----------------------------------------------------------------------------------


def sample(type_: str) -> dict[str, Any]:
    path = ROOT / "events" / "samples" / f"{type_}.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("type_", sorted(BODIES))
def test_the_sample_fits_schema_and_code(type_: str):
    event = sample(type_)
    schema = json.loads((ROOT / "events" / "schemas" / f"{type_}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(event["data"])
    attributes = {
        f"ce-{name}": event[name] for name in ("id", "type", "source", "time", "specversion")
    }
    decoded = from_message(
        Message(BODIES[type_].TOPIC, json.dumps(event["data"]).encode(), attributes)
    )
    assert type_ == decoded.body.TYPE
    assert decoded.body.subject() == event.get("subject", "")


def test_there_is_no_sample_of_an_unknown_event():
    assert {p.stem for p in (ROOT / "events" / "samples").glob("*.json")} == set(BODIES)


def test_asyncapi_references_lead_somewhere():
    document = yaml.safe_load((ROOT / "events" / "asyncapi.yaml").read_text(encoding="utf-8"))
    for reference in references(document):
        if reference.startswith("#/"):
            place: Any = document
            for part in reference[2:].split("/"):
                place = place[part]
        else:
            assert (ROOT / "events" / reference).is_file(), reference
    assert set(document["channels"]) == set(TOPOLOGY.topics)
    received = [o for o in document["operations"].values() if o["action"] == "receive"]
    assert len(received) == len(TOPOLOGY.subscriptions())


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


# --- code and map ----------------------------------------------------------------------------


def main_of(function: str) -> Path:
    return ROOT / "functions" / function / "main.py"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_main_is_short(function: str):
    assert len(main_of(function).read_text(encoding="utf-8").splitlines()) <= 40


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_code_consumes_what_the_map_shows(function: str):
    assert reached_from(main_of(function)).consumes == set(TOPOLOGY.functions[function].consumes)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_code_emits_what_the_map_shows(function: str):
    found = reached_from(main_of(function))
    entry = TOPOLOGY.functions[function]
    shown = set(entry.emits) - {"message-parked"}  # the kernel's own
    assert (found.mentions if entry.http else found.emits) == shown


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_code_sets_the_timers_that_the_map_shows(function: str):
    assert reached_from(main_of(function)).sets == set(TOPOLOGY.functions[function].sets)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_code_touches_the_documents_that_the_map_shows(function: str):
    entry = TOPOLOGY.functions[function]
    kernel = {
        collection
        for collection, cls in document_classes().items()
        if cls.__module__.startswith("toban.kernel.")
    }
    assert collections(reached_from(main_of(function))) - kernel == (
        {*entry.reads, *entry.writes} - kernel
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_who_carries_out_commands_records_them(function: str):
    entry = TOPOLOGY.functions[function]
    assert ("audits" in entry.writes) == ("command-issued" in entry.consumes)


def test_an_emission_in_a_helper_two_modules_away_is_found(tmp_path: Path):
    main = tmp_path / "main.py"
    main.write_text("from toban.incidents.escalate import HANDLERS\nmain = HANDLERS\n")
    found = reached_from(main)
    assert "incident-escalated" in found.emits  # emitted by lifecycle.escalate
    assert "escalation-due" in found.sets  # set by lifecycle.schedule_next
    assert "incident-resolved" not in found.emits  # in lifecycle too, but nothing here calls it
    assert "incidents" in collections(found)


def test_an_emission_in_main_itself_is_found(tmp_path: Path):
    main = tmp_path / "main.py"
    main.write_text(
        "from toban.events import MinutePassed, RedriveDue\n"
        "def on_minute(body, work):\n    work.emit(RedriveDue())\n"
        "HANDLERS = {MinutePassed: on_minute}\n"
    )
    found = reached_from(main)
    assert (found.consumes, found.emits) == ({"minute-passed"}, {"redrive-due"})


def test_redrives_cause_nothing_new():
    assert follows(TOPOLOGY)["redrive-due"] == ["message-parked"]


def test_the_map_of_this_project_has_no_endless_loop():
    assert isinstance(TOPOLOGY, Topology)
    assert unguarded_loops(TOPOLOGY) == []
