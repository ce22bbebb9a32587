"""
What is set up in a Google Cloud project: Cloud Scheduler jobs, IAM policy, names of secrets.

Only fields that somebody has set, none that change by themselves (last runs, etags), and never
the value of a secret: Secret Manager is asked for descriptions only, and header values of HTTP jobs
that look like credentials are left out.

Sources: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs,
https://cloud.google.com/resource-manager/reference/rest/v3/projects/getIamPolicy,
https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from google.auth.exceptions import GoogleAuthError
from requests import Session
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from urllib3.util import Retry

from toban.ports import Unavailable

TIMEOUT_S: Final = 30.0
_PAGE: Final = "500"
_JOB: Final = [
    "name",
    "description",
    "schedule",
    "timeZone",
    "state",
    "pubsubTarget",
    "appEngineHttpTarget",
    "httpTarget",
    "retryConfig",
    "attemptDeadline",
]
_SECRET: Final = [
    "name",
    "labels",
    "replication",
    "rotation",
    "topics",
    "expireTime",
    "ttl",
    "versionAliases",
    "versionDestroyTtl",
]
_VERSION: Final = ["name", "state", "createTime", "destroyTime"]
_CREDENTIAL: Final = re.compile(r"auth|cookie|credential|key|password|secret|token", re.IGNORECASE)
LEFT_OUT: Final = "(left out)"


class ProjectSetting(NamedTuple):
    """One setting of a Google Cloud project."""

    section: str
    name: str
    data: Any


class NotPermitted(Exception):
    """Google refuses to show the setting, permanently."""


class Endpoints(NamedTuple):
    """The addresses of Google's services."""

    scheduler: str = "https://cloudscheduler.googleapis.com"
    projects: str = "https://cloudresourcemanager.googleapis.com"
    secrets: str = "https://secretmanager.googleapis.com"


SERVICES: Final = Endpoints()


def connect() -> Session:
    """Return a session with the credentials of this process."""
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    session: Session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    session.mount("https://", HTTPAdapter(max_retries=_retry()))
    return session


def _retry() -> Retry:
    """Every call here only reads, the POST as well."""
    statuses = (429, 500, 502, 503, 504)
    return Retry(3, backoff_factor=0.3, status_forcelist=statuses, allowed_methods=None)


class Project:
    """Reads the settings of one project."""

    def __init__(
        self,
        project: str,
        location: str = "",
        session: Callable[[], Session] = connect,
        endpoints: Endpoints = SERVICES,
    ) -> None:
        """`location`: of the scheduler's jobs; empty: every one that has some."""
        self._project = project
        self._location = location
        self._connect = session
        self._endpoints = endpoints

    def settings(self) -> Iterator[ProjectSetting]:
        """
        Everything, in no particular order.

        Raises `NotPermitted`, and `toban.ports.Unavailable` when it may work later.
        """
        session = self._connect()
        for job in self._jobs(session):
            yield ProjectSetting("scheduler", job["name"], job)
        policy = self._policy(session)
        if policy:
            yield ProjectSetting("iam", f"projects/{self._project}", policy)
        for secret in self._secrets(session):
            yield ProjectSetting("secrets", secret["name"], secret)

    def _jobs(self, session: Session) -> Iterator[dict[str, Any]]:
        base = f"{self._endpoints.scheduler}/v1/"
        if self._location:
            locations = [f"projects/{self._project}/locations/{self._location}"]
        else:
            found = self._listed(session, f"{base}projects/{self._project}/locations", "locations")
            locations = [each["name"] for each in found]
        for location in locations:
            for job in self._listed(session, f"{base}{location}/jobs", "jobs"):
                kept = _only(job, _JOB)
                target = kept.get("httpTarget") or kept.get("appEngineHttpTarget") or {}
                headers = target.get("headers", {})
                for name in headers:
                    if _CREDENTIAL.search(name):
                        headers[name] = LEFT_OUT
                yield kept

    def _policy(self, session: Session) -> dict[str, Any]:
        url = f"{self._endpoints.projects}/v3/projects/{self._project}:getIamPolicy"
        asked = {"options": {"requestedPolicyVersion": 3}}
        policy = self._asked(session, "POST", url, json=asked)
        bindings = [
            {**binding, "members": sorted(binding.get("members", ()))}
            for binding in policy.get("bindings", ())
        ]
        bindings.sort(key=lambda b: (b["role"], str(b.get("condition", ""))))
        return (
            {**_only(policy, ["version", "auditConfigs"]), "bindings": bindings} if policy else {}
        )

    def _secrets(self, session: Session) -> Iterator[dict[str, Any]]:
        base = f"{self._endpoints.secrets}/v1/"
        found = self._listed(session, f"{base}projects/{self._project}/secrets", "secrets")
        for secret in found:
            versions = self._listed(session, f"{base}{secret['name']}/versions", "versions")
            kept = [_only(version, _VERSION) for version in versions]
            yield {**_only(secret, _SECRET), "versions": sorted(kept, key=lambda v: v["name"])}

    def _listed(self, session: Session, url: str, what: str) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            page = self._asked(session, "GET", url, params={"pageSize": _PAGE, "pageToken": token})
            yield from page.get(what, ())
            token = page.get("nextPageToken", "")
            if not token:
                return

    def _asked(self, session: Session, method: str, url: str, **more: Any) -> dict[str, Any]:
        """The answer; empty when the project does not use this service at all."""
        try:
            answer = session.request(method, url, timeout=TIMEOUT_S, **more)
        except (RequestException, GoogleAuthError) as error:
            raise Unavailable(f"{url}: {type(error).__name__}: {str(error)[:300]}") from error
        if answer.status_code == 200:
            found: dict[str, Any] = answer.json()
            return found
        text = f"{url}: HTTP {answer.status_code}: {answer.text[:300]}"
        if answer.status_code == 403 and "SERVICE_DISABLED" in answer.text:
            return {}
        if answer.status_code in {400, 401, 403, 404}:
            raise NotPermitted(text)
        raise Unavailable(text)


def _only(found: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: found[name] for name in names if name in found}
