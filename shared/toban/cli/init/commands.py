"""`toban init`: a first profile that passes `toban check`, and secrets for this machine."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from toban.cli.init.answers import NewService, first_shift
from toban.cli.init.asking import service_of
from toban.cli.init.files import PlannedFile, env_file, ignored, write
from toban.cli.init.profile import profile_of
from toban.cli.kit import envfile
from toban.cli.kit.terminal import Problem, Terminal
from toban.cli.kit.times import now
from toban.notify.links import SIGNING
from toban.profile.profile import Profile
from toban.profile.section import SERVICE
from toban.sections.check import check, check_together
from toban.sections.load import load_all, parse_profile, profile_files
from toban.strictyaml.findings import FileErrors, Finding
from toban.topology.reader import load


def init(asked: argparse.Namespace, terminal: Terminal) -> int:
    """Write a profile, an env file and a .gitignore; nothing if one of them cannot be."""
    root: Path = asked.directory
    services, data = root / asked.services, root / asked.data
    if root.exists() and not root.is_dir():
        raise Problem(terminal.say("init.no-directory", path=root), 2)
    if data.name in ("", ".."):
        raise Problem(terminal.say("init.data", path=asked.data), 2)
    service = service_of(asked, terminal)
    planned = _planned(service, services, data, terminal)
    if not asked.dry_run:
        try:
            write(planned)
        except FileExistsError as error:
            raise Problem(terminal.say("init.there", path=error.filename)) from error
    if asked.json:
        terminal.json(_view(service, planned, written=not asked.dry_run))
        return 0
    for each in planned:
        _show(each, terminal, dry_run=asked.dry_run)
    if not asked.dry_run:
        _next(asked, service, terminal)
    return 0


def _planned(
    service: NewService, services: Path, data: Path, terminal: Terminal
) -> list[PlannedFile]:
    """What has to be written, secrets after what keeps them out of git; `Problem` if it cannot be."""
    path = services / f"{service.id}.yaml"
    for there in (path, path.with_suffix(".yml")):
        if there.exists() or there.is_symlink():
            raise Problem(terminal.say("init.there", path=there))
    others = _others(services, terminal)
    if service.id in others:
        raise Problem(terminal.say("init.same-id", id=service.id, path=services))
    text = profile_of(
        service,
        default=not any(profile[SERVICE].default for profile in others.values()),
        first_shift=first_shift(now(), service.zone),
    )
    _prove(text, path, others, terminal)
    env = envfile.place(data)
    names = [env.name, f"{data.name}/"]
    map_ = load()
    wanted = [
        (name, str(getattr(map_.secrets[name].about, terminal.language)))
        for function in map_.functions.values()
        if function.http
        for name in function.secrets
        if name != SIGNING  # `toban dev` has one of its own
    ]
    return [
        ignored(env.parent, names),
        env_file(env, wanted, terminal.say("init.env.head")),
        PlannedFile(path, "written", text),
    ]


def _others(services: Path, terminal: Terminal) -> dict[str, Profile]:
    """The profiles that are there already; `Problem` when they cannot be read."""
    if not services.is_dir() or not profile_files(services):
        return {}
    loaded, findings = load_all(services)
    _refuse(findings, terminal)
    return {item.profile[SERVICE].id: item.profile for item in loaded}


def _prove(text: str, path: Path, others: dict[str, Profile], terminal: Terminal) -> None:
    """`Problem` with what `toban check` would say, if that is an error."""
    try:
        item = parse_profile(text, str(path))
    except FileErrors as errors:
        _refuse(errors.findings, terminal)
        raise
    every = {**others, item.profile[SERVICE].id: item.profile}
    findings = check(item.profile, list(every.values()), item.borrowed)
    _refuse([*item.source.locate(findings), *check_together(every)], terminal)


def _refuse(findings: list[Finding] | tuple[Finding, ...], terminal: Terminal) -> None:
    lines = [f.render(terminal.language) for f in findings if f.severity == "error"]
    if lines:
        raise Problem("\n  ".join(lines))


def _view(service: NewService, planned: list[PlannedFile], *, written: bool) -> dict[str, object]:
    return {
        "service": service.id,
        "written": written,
        "files": [{"path": str(each.path), "change": each.what} for each in planned],
    }


def _show(each: PlannedFile, terminal: Terminal, *, dry_run: bool) -> None:
    how = "would-" if dry_run and each.what != "kept" else ""
    terminal.line(terminal.say(f"init.{how}{each.what}", path=each.path))
    if not dry_run or each.what == "kept":
        return
    lines = each.text.splitlines()
    if each.secret:
        hidden = terminal.say("init.hidden")
        lines = [f"{name}={hidden}" if value else name for name, value in _halves(lines)]
    for line in lines:
        terminal.line(f"    {line}".rstrip())


def _halves(lines: list[str]) -> list[tuple[str, str]]:
    """Name and value of the lines that set something; a comment, and nothing."""
    return [
        (line, "") if line.startswith("#") else (line.partition("=")[0], line.partition("=")[2])
        for line in lines
    ]


def _next(asked: argparse.Namespace, service: NewService, terminal: Terminal) -> None:
    """The next three commands."""
    options = []
    if asked.data != Path(".toban"):
        options += ["--data", str(asked.data)]
    if asked.services_named:
        options += ["--services", str(asked.services)]
    toban = shlex.join(["toban", *options])
    here = asked.directory.resolve() == Path.cwd()
    sample = f"send generic --service {service.id} --set severity=critical"
    terminal.line()
    terminal.line(terminal.say("init.next" if here else "init.next.in", path=asked.directory))
    for command, key in (
        (f"{toban} dev", "dev"),
        (f"{toban} {sample}", "send"),
        (f"{toban} incidents ack", "ack"),
    ):
        terminal.line(f"    {command}")
        terminal.line(terminal.paint(f"        {terminal.say(f'init.next.{key}')}", "dim"))
