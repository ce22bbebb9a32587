"""
Every story runs in four worlds: in memory, on the embedded runtime (by the machine's clock and by a
virtual one), and on the emulators.

The emulators (and a process for each function) start once for the whole run: one worker plays all
stories on them. Where they cannot, their stories say why they were not run, or fail when
``TOBAN_REQUIRE`` asks for them.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import ANY

import pytest

from tests.chains import services
from tests.chains.receivers import HttpReceiver, Mailbox
from tests.chains.worlds import (
    CALLER,
    ON_EMULATORS,
    PUBLIC_URL,
    SECRETS,
    EmbeddedWorld,
    EmulatedWorld,
    MemoryWorld,
    VirtualWorld,
    World,
)
from tests.plugins.emulators import RUNNING, fresh_project
from tests.profiles import Profile
from tests.security.desk import google_keys
from toban.local import control
from toban.local.emulated.installation import EmulatedPlatform

_numbers = itertools.count()
_safes = itertools.count()


@pytest.fixture(scope="session")
def outside() -> Iterator[HttpReceiver]:
    """Chat and pagers."""
    receiver = HttpReceiver()
    receiver.start()
    yield receiver
    receiver.stop()


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    """Mail, and where the platform finds it."""
    box = Mailbox()
    box.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOBAN_SMTP_HOST", "127.0.0.1")
        patch.setenv("TOBAN_SMTP_PORT", str(box.port))
        patch.setenv("TOBAN_SMTP_STARTTLS", "false")
        patch.setenv("TOBAN_PUBLIC_URL", PUBLIC_URL)
        patch.setenv("TOBAN_ALLOW_HTTP_WEBHOOKS", "true")
        patch.setenv("TOBAN_GOOGLE_CERTS_URL", google_keys().url)
        domains = (services.name_of(number) for number in range(services.COUNT))
        patch.setenv("TOBAN_ACTORS", ",".join(f"@{domain}.example" for domain in domains))
        yield box
    box.stop()


@pytest.fixture(scope="session")
def profiles(outside: HttpReceiver) -> dict[str, Profile]:
    """All services of all stories."""
    return services.all_services(outside.url)


@pytest.fixture(scope="session")
def secrets(outside: HttpReceiver, profiles: dict[str, Profile]) -> dict[str, str]:
    """Every secret by its name."""
    rooms = {services.slack_secret(name): f"{outside.url}/{name}/slack" for name in profiles}
    return SECRETS | rooms


@pytest.fixture(scope="package")
def emulated(
    mailbox: Mailbox,
    profiles: dict[str, Profile],
    secrets: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[EmulatedPlatform]:
    """
    Emulators and functions, once: until a worker leaves the stories.

    Its clockwork runs in this process: beside the tests that come after it would go by the clock
    that one of them sets, and write into what another one reads.
    """
    addresses = {
        "PUBSUB_EMULATOR_HOST": RUNNING.need("pubsub"),
        "FIRESTORE_EMULATOR_HOST": RUNNING.need("firestore"),
        "STORAGE_EMULATOR_HOST": f"http://{RUNNING.need('gcs')}",
    }
    environ = os.environ | addresses
    environ |= {f"TOBAN_SECRET_{name}": value for name, value in secrets.items()}
    actors = ",".join(filter(None, (environ.get("TOBAN_ACTORS"), CALLER)))
    environ |= {"TOBAN_ACTORS": actors, "TOBAN_GOOGLE_CERTS_URL": google_keys().url}
    data, project = tmp_path_factory.mktemp("emulated"), fresh_project()
    with EmulatedPlatform(data, profiles, project=project, environ=environ) as running:
        front = threading.Thread(target=running.serve, daemon=True)
        front.start()
        found = control.find_emulated(data)  # as the commands of another shell look for it
        assert found == control.RunningRuntime(running.url, ANY, project, running.addresses)
        yield running
        running.stop()
        front.join()


@pytest.fixture(params=["memory", "virtual", "embedded", ON_EMULATORS])
def world(
    request: pytest.FixtureRequest,
    outside: HttpReceiver,
    mailbox: Mailbox,
    profiles: dict[str, Profile],
    secrets: dict[str, str],
    tmp_path: Path,
) -> Iterator[World]:
    """A world with a service of this story's own."""
    backups = "backup" in request.module.__name__
    service = services.safe_of(next(_safes)) if backups else services.name_of(next(_numbers))
    made: World
    if request.param == "memory":
        made = MemoryWorld(service, outside, mailbox, profiles, secrets)
    elif request.param == "virtual":
        made = VirtualWorld(service, outside, mailbox, profiles, secrets, tmp_path)
    elif request.param == "embedded":
        made = EmbeddedWorld(service, outside, mailbox, profiles, secrets, tmp_path)
    else:
        running = request.getfixturevalue("emulated")
        made = EmulatedWorld(service, outside, mailbox, running)
    outside.calls.clear()
    mailbox.letters.clear()
    yield made
    made.close()
