"""Which environment of a service something is of, and whether people are called for it."""

from textwrap import indent

import msgspec
import pytest

from tests.profiles import Profile
from tests.unit.profile.test_check import profile as profile_with
from toban.kernel.document import to_stored
from toban.profile.environments import (
    calls_people,
    environment_of,
    environments,
    foremost,
)
from toban.profile.profile import StoredProfile
from toban.profile.section import SERVICE, Environment, Match, Service
from toban.profile.version import profile_version
from toban.sections.check import check


def service(**known: Environment) -> Service:
    return Service(id="shop", name="Shop", environments=known)


def by(*rules: dict[str, str], pages: bool | None = None) -> Environment:
    return Environment(match=tuple(Match(labels=rule) for rule in rules), pages=pages)


# --- which one ---------------------------------------------------------------------------------


def test_a_service_that_names_none_has_production_alone():
    shop = Service(id="shop", name="Shop")

    assert list(environments(shop)) == ["production"]
    assert environment_of(shop, {"environment": "staging"}) == "production"
    assert calls_people(shop, "production")


def test_what_matches_nothing_is_production():
    assert environment_of(service(staging=by({"env": "stg"})), {"env": "dev"}) == "production"


def test_a_label_that_names_an_environment_decides_whatever_the_rules_say():
    shop = service(staging=by({"project": "p"}), development=by())

    assert environment_of(shop, {"environment": "development", "project": "p"}) == "development"
    assert environment_of(shop, {"environment": "production", "project": "p"}) == "production"
    assert environment_of(shop, {"environment": "elsewhere", "project": "p"}) == "staging"


def test_the_most_specific_rule_wins():
    shop = service(
        staging=by({"project": "p"}), preview=by({"project": "p", "app": "preview"}, {"x": "y"})
    )

    assert environment_of(shop, {"project": "p", "app": "preview"}) == "preview"
    assert environment_of(shop, {"project": "p"}) == "staging"
    assert environment_of(shop, {"x": "y"}) == "preview"


def test_of_equally_specific_rules_one_for_which_people_are_called_wins():
    quiet, loud = by({"a": "1"}), by({"b": "1"}, pages=True)
    labels = {"a": "1", "b": "1"}

    assert environment_of(service(alpha=quiet, zulu=loud), labels) == "zulu"
    assert environment_of(service(zulu=loud, alpha=quiet), labels) == "zulu"
    assert environment_of(service(zulu=by({"b": "1"}), alpha=quiet), labels) == "alpha"


def test_production_may_have_rules_of_its_own():
    shop = service(production=by({"project": "live"}), staging=by({"env": "shared"}))

    assert environment_of(shop, {"project": "live", "env": "shared"}) == "production"


# --- whether people are called -----------------------------------------------------------------


def test_people_are_called_for_production_and_where_the_profile_says_so():
    shop = service(staging=by(), preview=by(pages=True))

    assert [n for n in environments(shop) if calls_people(shop, n)] == ["production", "preview"]
    assert not calls_people(service(production=by(pages=False)), "production")


def test_one_that_the_profile_does_not_know_counts_as_production():
    assert calls_people(service(staging=by()), "gone")
    assert not calls_people(service(production=by(pages=False)), "gone")


def test_of_several_one_for_which_people_are_called_speaks_for_all():
    shop = service(staging=by(), preview=by(pages=True))

    assert foremost(shop, ["staging", "production", "preview"]) == "production"
    assert foremost(shop, ["staging", "preview"]) == "preview"
    assert foremost(shop, ["staging"]) == "staging"
    assert foremost(shop, []) == "production"


# --- stored ------------------------------------------------------------------------------------


def test_a_profile_without_environments_keeps_its_version_and_is_read_as_before():
    plain = Profile(service=Service(id="shop", name="Shop"))
    stored = msgspec.to_builtins(plain, enc_hook=to_stored)

    assert "environments" not in stored["service"]
    assert profile_version(StoredProfile(stored)) == profile_version(plain)
    assert list(environments(StoredProfile(stored)[SERVICE])) == ["production"]


def test_what_is_stored_decides_as_the_file_did():
    shop = Profile(service=service(staging=by({"env": "stg"}), preview=by(pages=True)))
    read = StoredProfile(msgspec.to_builtins(shop, enc_hook=to_stored))[SERVICE]

    assert environment_of(read, {"env": "stg"}) == "staging"
    assert calls_people(read, "preview")
    assert not calls_people(read, "staging")


# --- what is checked ---------------------------------------------------------------------------


def findings(environments: str) -> list[tuple[str, str, str]]:
    """Findings about these environments of a profile that is in order otherwise."""
    written = "environments:\n" + indent(environments, "  ")
    changed = profile_with(
        ("name: Shop\n", f"name: Shop\n{indent(written, '  ')}\n"),
        ("via: [mail]}", 'via: [mail], notify: ["channel:chat"]}'),
    )
    return [(f.severity, f.code, f.path) for f in check(changed)]


@pytest.mark.parametrize(
    ("environments", "expected"),
    [
        ("staging: {}", []),
        ("staging: {match: [{labels: {env: stg}}, {labels: {env: dev}}]}", []),
        ("production: {match: [{labels: {env: live}}]}", []),
        ("Staging: {}", [("error", "bad-id", "service.environments.Staging")]),
        (
            "production: {pages: false}",
            [("warning", "production-calls-nobody", "service.environments.production.pages")],
        ),
        ("prod: {}", [("warning", "not-production", "service.environments.prod")]),
        ("prod: {pages: true}", []),
        (
            "staging: {match: [{labels: {}}]}",
            [("error", "empty-rule", "service.environments.staging.match[0]")],
        ),
        (
            "staging: {match: [{labels: {environment: production}}]}",
            [("error", "never-holds", "service.environments.staging.match[0]")],
        ),
        (
            "staging: {match: [{labels: {a: b}}, {labels: {a: b}}]}",
            [("warning", "repeated", "service.environments.staging.match[1]")],
        ),
        (
            "staging: {match: [{labels: {a: b}}]}\ntest: {match: [{labels: {a: b}}]}",
            [("error", "same-rule", "service.environments.test.match[0]")],
        ),
        (
            "staging: {match: [{labels: {a: b}}]}\ntest: {match: [{labels: {c: d}}]}",
            [("warning", "overlap", "service.environments.test.match[0]")],
        ),
        ("staging: {match: [{labels: {a: b}}]}\ntest: {match: [{labels: {a: d}}]}", []),
        ("staging: {match: [{labels: {a: b}}]}\ntest: {match: [{labels: {a: b, c: d}}]}", []),
    ],
)
def test_what_is_questionable_is_told_at_its_place(environments, expected):
    assert findings(environments) == expected


def test_a_rule_for_alerts_of_another_service_never_holds():
    one = profile_with(
        (
            "name: Shop\n",
            "name: Shop\n  environments: {staging: {match: [{labels: {service: toko}}]}}\n",
        ),
        ("via: [mail]}", 'via: [mail], notify: ["channel:chat"]}'),
    )
    two = profile_with(("id: shop", "id: toko"), ("project: shop", "project: toko"))

    assert [f.code for f in check(one, [one])] == []
    assert [f.code for f in check(one, [one, two])] == ["never-holds"]


def test_severities_of_which_nothing_is_posted_are_told():
    quiet = profile_with(("name: Shop\n", "name: Shop\n  environments: {staging: {}}\n"))

    assert [(f.severity, f.code, f.path) for f in check(quiet)] == [
        ("info", "posts-nothing", "severities[0]")
    ]
