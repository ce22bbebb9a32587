"""Sections are found where their domains define them, and held to the settled names."""

import subprocess
import sys
from pathlib import Path

import pytest

import toban
from toban.profile.profile import NAMES
from toban.sections import collect
from toban.sections.load import load_profile, parse_profile
from toban.strictyaml.findings import FileErrors
from toban.topology.generate import ROOT

SERVICES = ROOT / "infra" / "services"


def domain(folder: Path, name: str, source: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").touch()
    (folder / name / "section.py").write_text(
        "from toban.profile.profile import SectionKey\n" + source, encoding="utf-8"
    )


@pytest.fixture
def more(tmp_path, monkeypatch):
    """A place for further domains; what is found in it is forgotten afterwards."""
    monkeypatch.setattr(toban, "__path__", [*toban.__path__, str(tmp_path)])
    collect.defined.cache_clear()
    yield tmp_path
    collect.defined.cache_clear()
    for name in [m for m in sys.modules if m.startswith("toban.trial")]:
        del sys.modules[name]


def test_every_section_is_found_in_the_order_of_the_names():
    names = [section.key.name for section in collect.defined()]

    assert names == [name for name in NAMES if name in names]
    assert {"service", "severities", "people", "oncall", "escalation", "backup"} <= set(names)
    assert len({section.package for section in collect.defined()}) == len(names)


def test_a_domain_that_defines_a_section_needs_nothing_else(more):
    domain(more, "trial", "PAGE = SectionKey('status_page', dict[str, str], {})\n")

    assert ("status_page", "toban.trial") in [(s.key.name, s.package) for s in collect.defined()]


def test_a_section_under_another_name_fails(more):
    domain(more, "trial", "PAGE = SectionKey('statuspage', dict[str, str], {})\n")

    with pytest.raises(ValueError, match="'statuspage' is no settled name of a section"):
        collect.defined()


def test_a_section_belongs_to_one_domain(more):
    domain(more, "trial", "AGAIN = SectionKey('people', dict[str, str], {})\n")

    with pytest.raises(ValueError, match=r"people is defined by toban\.people and by toban\.trial"):
        collect.defined()


@pytest.mark.parametrize("source", ["", "A = SectionKey('costs', int, 0)\nB = SectionKey('audits', int, 0)\n"])  # fmt: skip
def test_a_module_named_section_defines_one(more, source):
    domain(more, "trial", source)

    with pytest.raises(ValueError, match=r"toban\.trial\.section holds \d keys"):
        collect.defined()


@pytest.mark.parametrize("name", [n for n in NAMES if n not in {s.key.name for s in collect.defined()}])  # fmt: skip
def test_a_settled_name_without_a_domain_is_not_there_yet(name):
    with pytest.raises(FileErrors) as raised:
        parse_profile(f"service: {{id: shop, name: Shop}}\n{name}: {{a: 1}}\n", "shop.yaml")

    [finding] = raised.value.findings
    assert finding.render() == (
        f"shop.yaml:2:1: error: {name}: there is no {name} section yet: its name is settled, this "
        "release knows none. [not-yet]"
    )
    assert "まだありません" in finding.message.ja


def test_what_a_profile_needs_follows_from_its_sections():
    profile = load_profile(SERVICES / "tokyo-ai-chat.yaml")

    assert collect.secrets(profile) == {
        "SLACK_WEBHOOK_CRITICAL",
        "SLACK_WEBHOOK_OPS",
        "REDIS_URL_STAGING",
    }
    assert "tokyo-ai-chat-data" in collect.buckets(profile)
    assert [s.name for s in collect.schedules(profile)][-1] == "tokyo-ai-chat--restore-test"


def test_a_secret_that_is_named_by_a_key_alone_is_needed():
    profile = load_profile(ROOT / "tests" / "unit" / "profile" / "previous" / "shop.yaml")

    assert collect.secrets(profile) == {"SLACK_BOT", "SIGN", "KEY", "REDIS_URL"}


def test_who_has_a_profile_from_the_store_imports_only_the_sections_it_names():
    program = (
        "import sys\n"
        "from toban.profile.profile import StoredProfile\n"
        "from toban.severities.section import severity_for\n"
        "p = StoredProfile({'service': {'id': 'a', 'name': 'A'}, 'channels': {'x': {'type': 'new'}},"
        " 'severities': [{'label': 'P1', 'level': 1}]})\n"
        "assert severity_for(p, 'p1').level == 1\n"
        "print(sorted(m for m in sys.modules if m.startswith('toban.') and m.endswith('section')))\n"
        "print([m for m in sys.modules if m.startswith(('toban.channels', 'toban.sections', 'yaml'))])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == ["['toban.severities.section']", "[]"]
