"""
Memorystore for Redis, exported by Google (Memorystore for Redis API v1, ``instances.export``).

Its operations do not say where they export to. So the export is started in a second step, after a
first one has seen the instance idle, has removed what may lie under the object's name and has
written down the time: an object found there later is younger than that time, whatever happened in
between. Writes go on during an export. The service account of the instance has to be allowed to
write to the bucket. The dump is restored as any other
(`toban.sources.redis.target`); Google's own import empties the instance first and makes it
unavailable meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from toban.ports.backup import BackupRun, Source, SourceSnapshot
from toban.sources.exports import (
    Api,
    ApiError,
    Busy,
    ManagedExport,
    Operation,
    is_busy,
    moment,
)
from toban.sources.ports import SourcePorts
from toban.sources.redis.rdb import EOF

BASE = "https://redis.googleapis.com/v1"
VARIABLE = "TOBAN_MEMORYSTORE_URL"
_INSTANCE = re.compile(r"(projects/[^/]+/locations/[^/]+)/instances/[^/]+")


class MemorystoreSource(ManagedExport):
    """One instance."""

    suffix = ".rdb"

    def __init__(self, instance: str, ports: SourcePorts, export_bucket: str) -> None:
        """`instance`: ``projects/…/locations/…/instances/…``."""
        super().__init__(ports, export_bucket)
        self._instance = instance
        self._location = instance.rpartition("/instances/")[0]
        self._api = Api(BASE, VARIABLE, ports.environ)

    @property
    def identity(self) -> str:
        """``memorystore://projects/…``."""
        return f"memorystore://{self._instance}"

    def problem(self, tail: bytes) -> str:
        """A dump ends with its end opcode and eight bytes of checksum."""
        if len(tail) < 9 or tail[-9] != EOF:
            return "the dump has no end: it was cut off"
        return ""

    def tools(self) -> dict[str, str]:
        """Return the version as Memorystore says it, as ``REDIS_7_0``."""
        about = self._api.call("GET", quote(self._instance))
        return {"memorystore": str(about.get("redisVersion", ""))}

    def _continue_export(
        self, run: BackupRun, before: SourceSnapshot | None, token: dict[str, str], now: datetime
    ) -> SourceSnapshot:
        if "operation" in token:
            at = datetime.fromisoformat(token["intended"])
            return self._follow(run, before, token, now, at)
        if running := self._running():
            raise Busy(running)
        if "intended" not in token:
            self._remove(run)
            token["intended"] = now.isoformat()
            return self._waiting(before, token, now)
        at = datetime.fromisoformat(token["intended"])
        # Exported, but the process died before it could note the operation.
        if ready := self._ready(run, before, token, at):
            return ready
        token["operation"] = self._start(run).name
        return self._waiting(before, token, now)

    def _running(self) -> str:
        """The name of an operation that runs on the instance; empty: none."""
        page = ""
        while True:
            parameters = {"pageSize": "100", **({"pageToken": page} if page else {})}
            path = f"{quote(self._location)}/operations"
            answer = self._api.call("GET", path, parameters=parameters)
            for item in answer.get("operations", []):
                about = item.get("metadata", {})
                if about.get("target") == self._instance and not item.get("done"):
                    return str(item.get("name", "an operation without a name"))
            page = str(answer.get("nextPageToken") or "")
            if not page:
                return ""

    def _start(self, run: BackupRun) -> Operation:
        body = {"outputConfig": {"gcsDestination": {"uri": self.uri(run)}}}
        try:
            return _operation(self._api.call("POST", f"{quote(self._instance)}:export", body))
        except ApiError as error:
            if is_busy(error):
                raise Busy(str(error)) from error
            raise

    def _poll(self, name: str) -> Operation:
        try:
            return _operation(self._api.call("GET", quote(name)))
        except ApiError as error:
            if error.status == 404:  # finished ones are forgotten after a few hours
                return Operation(name, done=True)
            raise


def _operation(said: dict[str, Any]) -> Operation:
    problem = said.get("error") or {}
    return Operation(
        name=str(said.get("name", "")),
        done=bool(said.get("done")),
        error=str(problem.get("message") or problem.get("code") or "")[:500],
        begun=moment(said.get("metadata", {}).get("createTime")),
    )


def source(options: Mapping[str, object], ports: SourcePorts) -> Source:
    """Options: `instance`, `export_bucket` (default: where the backup goes)."""
    instance = str(options.get("instance") or "")
    if not _INSTANCE.fullmatch(instance):
        raise ValueError("Memorystore needs instance (projects/…/locations/…/instances/…)")
    return MemorystoreSource(instance, ports, str(options.get("export_bucket") or ""))
