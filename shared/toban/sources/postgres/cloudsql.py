"""
Cloud SQL for PostgreSQL, exported by Google (SQL Admin API v1, ``instances.export``).

``offload`` lets a temporary instance do the work, which takes five minutes more and spares the
users. One export at a time per instance; it cannot be stopped. The service account of the instance
has to be allowed to create objects in the bucket, ours to read and delete them there, and to call
``cloudsql.instances.get`` and ``.export``. The dump is SQL text; it is restored as any other
(`toban.sources.postgres.target`).
"""

from __future__ import annotations

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
from toban.sources.postgres import dump as pgdump

BASE = "https://sqladmin.googleapis.com/v1"
VARIABLE = "TOBAN_SQLADMIN_URL"
_RECENT = "50"
"""Operations of the instance that are looked through for ours."""


class CloudSqlSource(ManagedExport):
    """One database of an instance."""

    suffix = ".sql"  # with .gz it would be compressed there; we do that ourselves

    def __init__(
        self, instance: str, database: str, ports: SourcePorts, export_bucket: str
    ) -> None:
        """`instance`: ``project:instance`` or the connection name ``project:region:instance``."""
        super().__init__(ports, export_bucket)
        project, *_, self._instance = instance.split(":")
        self._project = project
        self._database = database
        self._api = Api(BASE, VARIABLE, ports.environ)

    @property
    def identity(self) -> str:
        """``cloudsql://project:instance/database``."""
        return f"cloudsql://{self._project}:{self._instance}/{self._database}"

    def problem(self, tail: bytes) -> str:
        """An export ends with the end mark of ``pg_dump``."""
        return pgdump.problem(tail)

    def tools(self) -> dict[str, str]:
        """Return the version as Cloud SQL says it, as ``POSTGRES_15``."""
        about = self._api.call("GET", self._path("instances", self._instance))
        return {"cloudsql": str(about.get("databaseVersion", ""))}

    def _continue_export(
        self, run: BackupRun, before: SourceSnapshot | None, token: dict[str, str], now: datetime
    ) -> SourceSnapshot:
        if "operation" not in token:
            operation = self._find(run) or self._start(run)
            token["operation"] = operation.name
            token["begun"] = (operation.begun or now).isoformat()
        # Google's own start of the operation: the dump's transaction begins after it.
        at = datetime.fromisoformat(token["begun"])
        return self._follow(run, before, token, now, at)

    def _find(self, run: BackupRun) -> Operation | None:
        """Our export, if it runs or has left its object; failed ones are as if never started."""
        answer = self._api.call(
            "GET",
            self._path("operations"),
            parameters={"instance": self._instance, "maxResults": _RECENT},
        )
        uri = self.uri(run)
        for item in answer.get("items", []):  # newest first
            if item.get("exportContext", {}).get("uri") != uri:
                continue
            found = _operation(item)
            if not found.done:
                return found
            if not found.error and self.bucket(run).stat(self.object_name(run)):
                return found
            return None
        return None

    def _start(self, run: BackupRun) -> Operation:
        self._remove(run)  # an export refuses to write over an object; this one is of a failure
        body = {
            "exportContext": {
                "kind": "sql#exportContext",
                "fileType": "SQL",
                "uri": self.uri(run),
                "databases": [self._database],
                "offload": True,
            }
        }
        try:
            path = self._path("instances", self._instance, "export")
            return _operation(self._api.call("POST", path, body))
        except ApiError as error:
            if is_busy(error):
                raise Busy(str(error)) from error
            raise

    def _poll(self, name: str) -> Operation:
        return _operation(self._api.call("GET", self._path("operations", name)))

    def _path(self, *segments: str) -> str:
        return "/".join(quote(s, safe="") for s in ("projects", self._project, *segments))


def _operation(said: dict[str, Any]) -> Operation:
    errors = said.get("error", {}).get("errors", [])
    texts = [f"{e.get('code', '')}: {e.get('message', '')}".strip(": ") for e in errors]
    return Operation(
        name=str(said.get("name", "")),
        done=said.get("status") == "DONE",
        error="; ".join(texts)[:500],
        begun=moment(said.get("insertTime")),
    )


def source(options: Mapping[str, object], ports: SourcePorts) -> Source:
    """Options: `instance`, `database`, `export_bucket` (default: where the backup goes)."""
    instance, database = str(options.get("instance") or ""), str(options.get("database") or "")
    if not database or not 2 <= len(instance.split(":")) <= 3 or not all(instance.split(":")):
        raise ValueError("Cloud SQL needs instance (project:instance) and database")
    return CloudSqlSource(instance, database, ports, str(options.get("export_bucket") or ""))
