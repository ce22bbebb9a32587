"""One POST to an address that somebody named, and what came of it."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout_s: float,
    handler: urllib.request.BaseHandler,
) -> tuple[int, str]:
    """
    Status and text of the answer; 0 and why when nobody answers.

    Args:
        url: ``http`` or ``https``, looked at by the caller.
        body: What is sent.
        headers: With the content type.
        timeout_s: For each step of the connection.
        handler: What differs from urllib's defaults (no proxy, no redirects).
    """
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310
    try:
        with urllib.request.build_opener(handler).open(request, timeout=timeout_s) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(getattr(error, "reason", error))
