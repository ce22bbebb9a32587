"""The house is in order: locks, verbs, licence, build, and what code may not do where."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import hcl2
import pytest
import yaml

from toban.topology.bundling.lock import LOCK, RUN, parse_lock, read_lock, run_part
from toban.topology.generate import ROOT

PACKAGE = ROOT / "shared" / "toban"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def read(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- the lock -----------------------------------------------------------------------------------


def test_the_lock_names_no_address_and_hashes_everything():
    text = read(LOCK)
    assert not re.search(
        r"^\s*-|\w://|@ |index-url|find-links", re.sub(r"    --hash=\S+", "", text), re.MULTILINE
    )
    pins = parse_lock(text)
    assert pins
    for pin in pins.values():
        assert re.match(r"^[a-z0-9.-]+==[\w.+!]+( ;.*)? \\$", pin.lines[0]), pin.lines[0]
        assert len(pin.lines) > 1
        assert all(
            re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in pin.lines[1:]
        )


def test_it_is_the_only_one():
    names = ("*requirements*", "*.lock", "*constraints*")
    places = (ROOT, ROOT / "functions", *(ROOT / "functions").iterdir())
    found = {path for place in places for name in names for path in place.glob(name)}
    assert found == {ROOT / LOCK}


def test_every_dependency_is_locked():
    wanted = {
        re.split(r"[=<>~ ]", line)[0].lower().replace("_", "-")
        for line in PROJECT["project"]["dependencies"]
    }
    assert wanted <= set(run_part(read_lock(ROOT)))


def test_the_platform_runs_without_what_only_tests_need():
    """`make demo` installs what this program prints, before there is any package."""
    program = ROOT / "shared" / "toban" / "topology" / "bundling" / "lock.py"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(program)], check=True, capture_output=True, text=True
    )
    lock, run = read_lock(ROOT), parse_lock(ran.stdout)
    assert {name: pin.lines for name, pin in run.items()} == {n: lock[n].lines for n in run}
    assert {"hatchling", "editables", "rich", "google-cloud-scheduler"} <= set(run)
    assert {"pytest", "hypothesis", "mypy", "ruff", "uv"} <= set(lock) - set(run)
    assert [p.name for p in lock.values() if p.via & {*run, *RUN} and p.name not in run] == []


# --- verbs, CI and build ---------------------------------------------------------------------


def test_make_help_lists_every_verb():
    shown = subprocess.run(
        ["make", "-C", str(ROOT), "help"], check=True, capture_output=True, text=True
    )
    listed = re.findall(r"^  make ([a-z]+)", shown.stdout, re.MULTILINE)
    assert {"demo", "test", "check", "bench", "help", "lock", "map"} <= set(listed)


def test_ci_runs_the_verbs_of_the_readme_and_leaves_nothing_out():
    script = read(".ci", "run")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert [line for line in script.splitlines() if line.startswith("make ")] == [
        "make check",
        "make test",
    ]
    assert "export TOBAN_REQUIRE=pubsub,firestore,gcs" in script
    assert "make test" in read("README.md")


def test_the_cloud_build_says_what_waits_for_what():
    build = yaml.safe_load(read("cloudbuild.yaml"))
    known = {"-"}
    for step in build["steps"]:
        assert set(step["waitFor"]) <= known
        assert re.search(r":\d+\.\d+\.\d+[\w.-]*$", step["name"]), f"{step['name']} is not pinned"
        known.add(step["id"])
    assert build["options"]["logging"] == "CLOUD_LOGGING_ONLY"


def test_the_licence_is_apache_2():
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0, January 2004" in read("LICENSE")
    assert "END OF TERMS AND CONDITIONS" in read("LICENSE")


# --- what code may not do --------------------------------------------------------------------


def test_files_stay_small():
    long = {
        named(path): lines
        for path in sorted(PACKAGE.rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) >= 400
    }
    assert long == {}


def test_nothing_unfinished_is_committed():
    pattern = re.compile(r"\b(TODO|FIXME|XXX)\b|NotImplementedError|mark\.(skip|xfail)")
    found = [
        f"{named(path)}:{number}"
        for folder in ("shared", "functions")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


# --- infrastructure --------------------------------------------------------------------------


def test_terraform_reads_the_map_and_parses():
    resources: dict[str, set[str]] = {}
    for path in sorted((ROOT / "infra" / "terraform").glob("*.tf")):
        parsed = hcl2.loads(path.read_text(encoding="utf-8"))
        for resource in parsed.get("resource", []):
            for kind, named_resources in resource.items():
                names = {name.strip('"') for name in named_resources}
                resources.setdefault(kind.strip('"'), set()).update(names)
    assert {"push", "dead"} <= resources["google_pubsub_subscription"]
    assert "events/topology.yaml" in read("infra", "terraform", "main.tf")


OURS = re.compile(
    r"(\$\{)?(local\.pubsub_agent"
    r"|\"?serviceAccount:\$\{google_service_account\.function\[[\w.]+\]\.email\}\"?)(\})?"
)
"""Whom Terraform may let publish: Pub/Sub itself (dead letters) and the functions' own accounts."""


def publishers(terraform: str) -> list[str]:
    """Every grant that lets somebody publish who is neither Pub/Sub nor a function."""
    found = []
    for resource in hcl2.loads(terraform).get("resource", []):
        for kind, named_resources in resource.items():
            for name, body in named_resources.items():
                roles = str(body.get("role", ""))
                if not re.search(r"pubsub\.(publisher|editor|admin)|roles/(editor|owner)", roles):
                    continue
                members = body.get("members", [body.get("member", "")])
                found += [
                    f"{kind}.{name}: {member}".replace('"', "")
                    for member in members
                    if not OURS.fullmatch(str(member).strip('"'))
                ]
    return found


def test_terraform_lets_nobody_but_functions_publish():
    for path in sorted((ROOT / "infra" / "terraform").rglob("*.tf")):
        assert publishers(path.read_text(encoding="utf-8")) == [], named(path)


@pytest.mark.parametrize(
    ("role", "member"),
    [
        ("roles/pubsub.publisher", "user:aoki@example.jp"),
        ("roles/pubsub.publisher", "group:ops@example.jp"),
        ("roles/pubsub.admin", "domain:example.jp"),
        ("roles/pubsub.editor", "allAuthenticatedUsers"),
        ("roles/editor", "serviceAccount:ci@p.iam.gserviceaccount.com"),
    ],
)
def test_a_person_who_may_publish_is_found(role: str, member: str):
    grant = f'resource "google_project_iam_member" "x" {{\n  role = "{role}"\n  member = "{member}"\n}}\n'
    assert publishers(grant) == [f"google_project_iam_member.x: {member}"]
    own = "serviceAccount:${google_service_account.function[each.key].email}"
    assert publishers(grant.replace(member, own)) == []
