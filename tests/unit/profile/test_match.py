"""Which service an alert belongs to."""

from tests.profiles import Profile
from toban.profile.match import default_service, match_service
from toban.profile.section import Match, Service


def profile(service: str, *rules: dict[str, str], default: bool = False) -> Profile:
    match = tuple(Match(labels=labels) for labels in rules)
    return Profile(service=Service(id=service, name=service, match=match, default=default))


def test_a_rule_holds_when_all_its_labels_are_equal():
    shop = profile("shop", {"project": "p", "env": "prod"})

    assert match_service([shop], {"project": "p", "env": "prod", "more": "x"}) == "shop"
    assert match_service([shop], {"project": "p"}) is None
    assert match_service([shop], {"project": "p", "env": "Prod"}) is None


def test_any_rule_of_a_service_is_enough():
    shop = profile("shop", {"project": "p"}, {"app": "shop"})

    assert match_service([shop], {"app": "shop"}) == "shop"


def test_the_most_specific_rule_wins_wherever_it_stands():
    whole = profile("a-project", {"project": "p"})
    part = profile("z-part", {"project": "p", "service_name": "part"})

    for order in ([whole, part], [part, whole]):
        assert match_service(order, {"project": "p", "service_name": "part"}) == "z-part"
        assert match_service(order, {"project": "p", "service_name": "other"}) == "a-project"


def test_of_equally_specific_rules_the_first_service_id_wins():
    one, two = profile("alpha", {"project": "p"}), profile("beta", {"env": "prod"})

    for order in ([one, two], [two, one]):
        assert match_service(order, {"project": "p", "env": "prod"}) == "alpha"


def test_a_service_named_by_the_sender_beats_every_rule():
    shop, toko = profile("shop", {"project": "p", "env": "prod"}), profile("toko")

    assert match_service([shop, toko], {"service": "toko", "project": "p", "env": "prod"}) == "toko"


def test_an_unknown_service_label_is_a_label_like_any_other():
    shop = profile("shop", {"service": "shop-frontend"})

    assert match_service([shop], {"service": "shop-frontend"}) == "shop"
    assert match_service([shop], {"service": "unknown"}) is None


def test_an_empty_rule_and_an_empty_label_match_nothing():
    assert match_service([profile("shop", {})], {"a": "b"}) is None
    assert match_service([profile("shop", {"a": ""})], {}) is None


def test_profiles_may_come_by_id():
    assert match_service({"shop": profile("shop", {"a": "b"})}, {"a": "b"}) == "shop"


def test_the_default_service_is_the_one_that_says_so():
    assert default_service([profile("shop"), profile("rest", default=True)]) == "rest"
    assert default_service({"shop": profile("shop")}) is None
