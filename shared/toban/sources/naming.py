"""Names that sources have in a profile: of buckets, servers and instances."""

from __future__ import annotations

import re

from toban.sources.texts import both
from toban.strictyaml.checks import check_secret_name
from toban.strictyaml.report import Report

EXAMPLE = "DATABASE_URL"
"""A name of a secret, as an example."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", re.ASCII)


def check_bucket_name(name: str, path: str, report: Report) -> None:
    """Report what is not the name of a bucket."""
    if not _BUCKET.fullmatch(name):
        report.error(
            "wrong-value",
            path,
            both("finding.sources.wrong-value", name=repr(name)),
        )


def check_server(url_secret: str, instance: str, path: str, report: Report) -> None:
    """Report a server that is not named in exactly one way."""
    if bool(url_secret) == bool(instance):
        report.error(
            "incomplete",
            path,
            both("finding.sources.incomplete"),
        )
    if url_secret:
        check_secret_name(url_secret, EXAMPLE, f"{path}.url_secret", report)


def check_instance(
    instance: str, pattern: re.Pattern[str], form: str, path: str, report: Report
) -> None:
    """Report an instance of Google's whose name has another form."""
    if instance and not pattern.fullmatch(instance):
        report.error(
            "wrong-value",
            f"{path}.instance",
            both("finding.sources.wrong-value.instance", form=form, instance=repr(instance)),
        )
