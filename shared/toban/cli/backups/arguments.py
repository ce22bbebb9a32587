"""The arguments of `toban backups` and `toban restore`; the work is in a module for each."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from toban.cli.kit.arguments import Builder

ORDER: Final = 130
STATUSES = (
    "running", "finished", "verified", "partial", "failed", "deleting", "deleted",
)  # fmt: skip


def arguments(builder: Builder, to: Any) -> None:
    """Describe ``backups`` with its commands, and ``restore``."""
    group = builder.group(to, "backups", "backups")
    _looking(builder, group)
    _working(builder, group)
    _keeping(builder, group)
    _rewrapping(builder, group)
    _retention(builder, group)
    _rebuilding(builder, group)
    _restoring(builder, to)


def _looking(builder: Builder, to: Any) -> None:
    """Describe ``list``, ``show`` and ``rpo``."""
    module = "toban.cli.backups.catalogue.lists"
    listing = builder.add(to, "list", "backups.list", f"{module}:list_")
    listing.add_argument("--service", metavar="ID", help=builder.say("service"))
    listing.add_argument("--source", metavar="NAME", help=builder.say("backups.source"))
    listing.add_argument(
        "--class", dest="class_", metavar="NAME", help=builder.say("backups.class")
    )
    listing.add_argument("--environment", metavar="NAME", help=builder.say("environment"))
    listing.add_argument("--status", choices=STATUSES, help=builder.say("status"))
    listing.add_argument("--all", action="store_true", help=builder.say("backups.all"))
    show = builder.add(to, "show", "backups.show", f"{module}:show")
    show.add_argument("id", metavar="ID", help=builder.say("backups.id"))
    rpo = builder.add(to, "rpo", "backups.rpo", "toban.cli.backups.catalogue.rpo:rpo")
    rpo.add_argument("--service", metavar="ID", help=builder.say("service"))


def _working(builder: Builder, to: Any) -> None:
    """Describe ``run``, ``verify``, ``replicate``, ``test`` and ``extract``."""
    module = "toban.cli.backups.work.run"
    run = builder.add(to, "run", "backups.run", f"{module}:run")
    run.add_argument("service", metavar="SERVICE", help=builder.say("backups.of"))
    run.add_argument("source", metavar="SOURCE", help=builder.say("backups.of.source"))
    run.add_argument("class_", metavar="CLASS", nargs="?", help=builder.say("backups.of.class"))
    verify = builder.add(to, "verify", "backups.verify", "toban.cli.backups.work.verify:verify")
    verify.add_argument("id", metavar="ID", nargs="?", help=builder.say("backups.id"))
    verify.add_argument("--all", action="store_true", help=builder.say("backups.verify.all"))
    verify.add_argument("--service", metavar="ID", help=builder.say("service"))
    _waiting(builder, verify)
    replicate = builder.add(to, "replicate", "backups.replicate", f"{module}:replicate")
    replicate.add_argument("id", metavar="ID", help=builder.say("backups.id"))
    _waiting(builder, replicate)
    _waiting(builder, run)
    builder.person(run)
    test = builder.add(to, "test", "backups.test", "toban.cli.backups.restores.watch:test")
    test.add_argument("service", metavar="SERVICE", help=builder.say("backups.of"))
    test.add_argument(
        "source", metavar="SOURCE", nargs="?", help=builder.say("backups.test.source")
    )
    builder.person(test)
    extract = builder.add(
        to, "extract", "backups.extract", "toban.cli.backups.restores.extract:extract"
    )
    extract.add_argument("id", metavar="ID", help=builder.say("backups.id"))
    extract.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help=builder.say("backups.extract.file")
    )
    extract.add_argument("--region", metavar="NAME", help=builder.say("restore.region"))
    extract.add_argument(
        "--server", action="store_true", help=builder.say("backups.extract.server")
    )


def _keeping(builder: Builder, to: Any) -> None:
    """Describe ``pin``, ``unpin``, ``prune`` and ``discard``."""
    module = "toban.cli.backups.keeping.keep"
    for name in ("pin", "unpin"):
        command = builder.add(to, name, f"backups.{name}", f"{module}:pin_")
        command.set_defaults(pinned=name == "pin")
        command.add_argument("id", metavar="ID", help=builder.say("backups.id"))
        if name == "pin":
            command.add_argument("--note", default="", help=builder.say("note"))
        builder.person(command)
    prune = builder.add(to, "prune", "backups.prune", f"{module}:prune")
    prune.add_argument("--service", metavar="ID", help=builder.say("service"))
    prune.add_argument("--dry-run", action="store_true", help=builder.say("backups.prune.dry"))
    prune.add_argument("--yes", action="store_true", help=builder.say("backups.yes"))
    builder.person(prune)
    discard = builder.add(to, "discard", "backups.discard", f"{module}:discard_")
    discard.add_argument("id", metavar="ID", help=builder.say("backups.id"))
    discard.add_argument("--yes", action="store_true", help=builder.say("backups.yes"))
    builder.person(discard)


def _rewrapping(builder: Builder, to: Any) -> None:
    """Describe ``rewrap``."""
    command = builder.add(to, "rewrap", "backups.rewrap", "toban.cli.backups.keys.rewrap:rewrap")
    command.add_argument("service", metavar="SERVICE", nargs="?", help=builder.say("backups.of"))
    command.add_argument("--backup", metavar="ID", help=builder.say("backups.rewrap.backup"))
    command.add_argument("--dry-run", action="store_true", help=builder.say("backups.rewrap.dry"))


def _rebuilding(builder: Builder, to: Any) -> None:
    """Describe ``rebuild-catalog``."""
    command = builder.add(
        to,
        "rebuild-catalog",
        "backups.rebuild",
        "toban.cli.backups.catalogue.rebuild:rebuild_catalog",
    )
    command.add_argument(
        "--bucket", metavar="NAME", nargs="+", help=builder.say("backups.rebuild.bucket")
    )
    command.add_argument("--service", metavar="ID", help=builder.say("service"))
    command.add_argument("--dry-run", action="store_true", help=builder.say("backups.rebuild.dry"))
    command.add_argument(
        "--no-verify",
        dest="verify",
        action="store_false",
        help=builder.say("backups.rebuild.no-verify"),
    )
    command.add_argument(
        "--accept-unencrypted",
        action="store_true",
        help=builder.say("backups.rebuild.unencrypted"),
    )


def _restoring(builder: Builder, to: Any) -> None:
    """Describe ``toban restore``."""
    command = builder.add(to, "restore", "restore", "toban.cli.backups.restores.restore:restore")
    command.add_argument("service", metavar="SERVICE", nargs="?", help=builder.say("backups.of"))
    command.add_argument(
        "source", metavar="SOURCE", nargs="?", help=builder.say("backups.of.source")
    )
    command.add_argument(
        "--to", metavar="KEY=VALUE", action="append", help=builder.say("restore.to")
    )
    command.add_argument("--at", metavar="TIME", help=builder.say("restore.at"))
    command.add_argument("--backup", metavar="ID", help=builder.say("restore.backup"))
    command.add_argument("--region", metavar="NAME", help=builder.say("restore.region"))
    command.add_argument(
        "--onto-source", action="store_true", help=builder.say("restore.onto-source")
    )
    command.add_argument("--confirm", metavar="SERVICE", help=builder.say("restore.confirm"))
    command.add_argument("--dry-run", action="store_true", help=builder.say("restore.dry"))
    command.add_argument("--yes", action="store_true", help=builder.say("backups.yes"))
    command.add_argument("--follow", metavar="ID", help=builder.say("restore.follow"))
    builder.person(command)


def _waiting(builder: Builder, to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help=builder.say("backups.wait"),
    )


def _retention(builder: Builder, to: Any) -> None:
    """Describe ``backups retention``."""
    command = builder.add(
        to,
        "retention",
        "backups.retention",
        "toban.cli.backups.keeping.retention:retention",
        project=False,
    )
    for name in ("policy", "catalog"):
        command.add_argument(
            f"--{name}",
            type=Path,
            metavar="FILE",
            required=True,
            help=builder.say(f"backups.{name}"),
        )
    command.add_argument("--now", metavar="TIME", help=builder.say("backups.now"))
