"""`toban check` of several services: a restore test of one must not load into what another one uses."""

import pytest

from tests.unit.profile.test_check_backup import GOOD
from toban.sections.check import check
from toban.sections.load import parse_profile

OTHER = (
    GOOD.replace("id: shop", "id: blog")
    .replace("shop-", "blog-")
    .replace("project: shop", "project: blog")
    .replace("DATABASE_URL", "BLOG_DATABASE_URL")
    .replace("REDIS_URL", "BLOG_REDIS_URL")
)


def codes(shop: str) -> list[tuple[str, str, str]]:
    mine, other = parse_profile(shop, "shop.yaml"), parse_profile(OTHER, "blog.yaml")
    profiles = [mine.profile, other.profile]
    return [
        (f.code, f.path.removeprefix("backup.restore_test."), f.message.en)
        for f in check(mine.profile, profiles)
        if f.severity == "error"
    ]


def test_services_that_keep_apart_are_in_order():
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("bucket: shop-staging}", "bucket: blog-tokyo}", "target-is-destination", "[2].bucket"),
        ("bucket: shop-staging}", "bucket: blog-uploads}", "target-is-source", "[2].bucket"),
        ("DATABASE_URL_STAGING", "BLOG_DATABASE_URL", "target-is-source", "[0].url_secret"),
        ("REDIS_URL_STAGING", "BLOG_REDIS_URL", "target-is-source", "[1].url_secret"),
        ("project: shop, database: staging", "project: blog", "target-is-source", "[3].database"),
        ("REDIS_URL_STAGING", "BLOG_REDIS_URL_STAGING", "target-shared", "[1].url_secret"),
        ("project: shop, database", "project: blog, database", "target-shared", "[3].database"),
        ("bucket: shop-staging}", "bucket: blog-staging}", "target-shared", "[2].bucket"),
    ],
)
def test_what_another_service_uses_is_no_target(old, new, code, path):
    assert old in GOOD
    [(found, where, message)] = codes(GOOD.replace(old, new))
    assert (found, where) == (code, f"targets{path}")
    assert "of blog" in message


def test_services_may_share_a_server_on_which_each_test_has_its_own_database():
    assert codes(GOOD.replace("DATABASE_URL_STAGING", "BLOG_DATABASE_URL_STAGING")) == []
