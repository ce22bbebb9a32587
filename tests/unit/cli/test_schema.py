"""`toban schema`: what `check` takes an editor takes, and typical mistakes are marked while typing."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema
import pytest
import yaml

from toban.cli import main
from toban.cli.kit.catalogue import WORDS
from toban.cli.schema.commands import name_of, schema_of
from toban.sections.collect import whole
from toban.sections.load import parse_profile
from toban.sections.teams import team_file
from toban.strictyaml.findings import FileErrors
from toban.strictyaml.jsonschema import json_schema
from toban.strictyaml.scalars import parse_duration
from toban.topology.generate import ROOT

SAMPLES = sorted((ROOT / "infra" / "services").glob("*.yaml"))
PAGES = ["README.md", "README.ja.md", "docs/profile.md", "docs/profile.ja.md"]


class _Editors(yaml.SafeLoader):
    """YAML as editors read it (1.2): a date is text, `on` is text."""


_Editors.yaml_implicit_resolvers = {
    letter: [(tag, form) for tag, form in each if not tag.endswith((":timestamp", ":bool"))]
    for letter, each in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Editors.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])


@cache
def validator(kind: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(schema_of(kind, "en"))


@cache
def marked(text: str, kind: str = "profile") -> list[str]:
    """What an editor would mark."""
    value = yaml.load(text, _Editors)
    return [error.message for error in validator(kind).iter_errors(value)]


def example() -> str:
    service, backup = re.findall(
        r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    return service + backup


@pytest.mark.parametrize("kind", ["profile", "team"])
def test_it_is_a_schema_in_either_language(kind, capsys):
    for lang in ("en", "ja"):
        assert main(["schema", kind, "--lang", lang]) == 0
        said = json.loads(capsys.readouterr().out)
        jsonschema.Draft7Validator.check_schema(said)
        assert said == schema_of(kind, lang)
    assert said["$schema"].startswith("http://json-schema.org/draft-07/")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_as_the_schema_wants_it(path):
    assert marked(path.read_text(encoding="utf-8")) == []


def test_every_team_file_is_as_the_schema_wants_it():
    for path in (ROOT / "infra" / "teams").glob("*.yaml"):
        assert marked(path.read_text(encoding="utf-8"), "team") == []
    assert marked("service: {id: shop, name: Shop}", "team")


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_the_pages_are_as_the_schema_wants_them(page):
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    assert marked("".join(blocks)) == []


def test_fragments_on_the_pages_of_sections_lack_keys_at_most():
    fragments = [
        (path.name, block)
        for path in sorted((ROOT / "docs" / "profile").glob("*.md"))
        for block in re.findall(r"```yaml\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert fragments
    for name, block in fragments:
        errors = validator("profile").iter_errors(yaml.load(block, _Editors))
        assert [e.message for e in errors if e.validator != "required"] == [], name


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("respond_within: 15m", "respond_within: 15"),
        ("respond_within: 15m", "respond_within: 15min"),
        ("after: 15m", "after: 1.5h"),
        ("level: 1", "level: 5"),
        ("level: 1", "level: P1"),
        ("words: [critical]", "words: critical"),
        ("type: console", "type: consle"),
        ("{type: console}", "{}"),
        ("fallback: console", "falback: console"),
        ("first_shift: 2025-01-06", "first_shift: 06.01.2025"),
        ("first_shift: 2025-01-06", "first_shift: 2025-01-06, handover: {at: 9:00}"),
        ("first_shift: 2025-01-06", "first_shift: 2025-01-06, handover: {weekday: Monday}"),
        ("first_shift: 2025-01-06", "first_shift: 2025-01-06, timezone: JST"),
        ("first_shift: 2025-01-06", "first_shift: 2025-01-06, weeks: two"),
        (', first_shift: 2025-01-06', ""),
        ('["oncall:primary"]', "[aoki]"),
        ('["oncall:primary"]', '["oncall:first"]'),
        ("id: shop", "id: Shop"),
        ("name: Shop", "nmae: Shop"),
        ("match: [", "default: yes, match: ["),
        ('schedule: "0 2 * * *"', "schedule: daily"),
        ("severities:", "severity:"),
        ("people:", "people:\ndeploy:"),
        ("oncall: {members: [aoki, baba], first_shift: 2025-01-06}", "oncall:"),
    ],
)  # fmt: skip
def test_a_typical_mistake_is_marked_and_refused(right, wrong):
    text = example()
    assert right in text
    mistaken = text.replace(right, wrong, 1)
    assert marked(text) == []
    assert marked(mistaken)
    if wrong != "[aoki]" and "oncall:first" not in wrong and "daily" not in wrong:
        with pytest.raises(FileErrors):
            parse_profile(mistaken)


@pytest.mark.parametrize("section", ["oncall", "backup", "backup: {restore_test"])
def test_an_empty_section_is_marked_and_refused(section):
    closing = "}" if "{" in section else ""
    text = f"service: {{id: shop, name: Shop}}\n{section}: null{closing}\n"
    assert marked(text)
    with pytest.raises(FileErrors) as refused:
        parse_profile(text)
    assert "Leave out unused keys" in str(refused.value.findings[-1].message.en)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (
            "{type: console}",
            "{type: slack, webhook_secret: https://hooks.slack.com/services/T/B/x}",
        ),
        ("{type: console}", "{type: webhook, url_secret: hook-of-ops}"),
        ("{type: console}", "{type: email, to: [ops]}"),
        ("sender: noreply@example.jp", "sender: Ops <ops@example.jp>"),
        ("email: aoki@example.jp", "email: aoki"),
    ],
)
def test_what_only_check_refuses_is_marked_where_its_form_shows_it(right, wrong):
    assert right in example()
    assert marked(example().replace(right, wrong, 1))


def test_every_key_says_what_it_is_for_and_no_text_is_about_nothing():
    named: set[str] = set()

    def note(struct: Any, key: str) -> str:
        tagged = struct.__struct_config__.tag_field is not None
        if key or tagged:
            named.add(f"schema.{name_of(struct, key)}")
        return ""

    for kind in (whole(), team_file()):
        json_schema(kind, "", note)
    said = {key for key in WORDS if key.startswith("schema.")}
    said = {key for key in said if not key.startswith("schema.title.")}
    assert sorted(named - said) == [], "say what it is for below shared/toban/cli/schema"
    assert sorted(said - named) == [], "nothing is called so any more"
    described = json.dumps(schema_of("profile", "ja"), ensure_ascii=False)
    assert "1（最も重い）〜 4" in described


def test_defaults_are_written_as_a_file_would_have_them():
    definitions = schema_of("profile", "en")["definitions"]
    grouping = definitions["Grouping"]["properties"]
    assert grouping["window"]["default"] == "5m"
    assert definitions["RestoreTest"]["properties"]["every"]["default"] == "8d"
    assert definitions["Service"]["properties"]["timezone"]["default"] == "Asia/Tokyo"
    for definition in definitions.values():
        for value in definition.get("properties", {}).values():
            if "1h30m" in value.get("examples", ()) and "default" in value:
                assert parse_duration(value["default"]) >= 0
