"""
The HTML that a link leads to: plain, and complete without any other file.

No script, no image, no font, no link out. A form that posts back to its own address is all that
it may do, and the headers make the browser enforce that.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from toban.actions.standing import BUTTONS, LinkPage
from toban.actions.texts import text
from toban.kernel.edge.http import Request, Response
from toban.kernel.edge.links import Language
from toban.kernel.templates import render, source


@cache
def headers() -> Mapping[str, str]:
    """Return the response headers that restrict the browser; the style is allowed by its hash."""
    style = hashlib.sha256(source(__package__, "style.css").encode()).digest()
    return MappingProxyType(
        {
            "Content-Security-Policy": (
                "default-src 'none'; "
                f"style-src 'sha256-{base64.b64encode(style).decode('ascii')}'; "
                "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ),
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",  # the address is the permission
            "Cache-Control": "no-store",
            "X-Robots-Tag": "noindex, nofollow",
        }
    )


def _html(status: int, template: str, **values: object) -> Response:
    html = render(__package__, template, **values)
    return Response(status, html.encode(), "text/html; charset=utf-8", headers())


def linked(language: Language, page: LinkPage, query: str) -> Response:
    """Return what a link is about; `query` is the link's own signed part."""
    people = (page.people or ())[:BUTTONS]
    return _html(
        page.status,
        "link.html",
        language=language,
        title=page.title,
        page=page,
        people=people,
        words={name: text(language, f"link.{name}") for name in ("who", "other", "unproven")},
        query=query,
    )


def message(status: int, language: Language, key: str) -> Response:
    """Return a text only: ``refused``, ``expired`` or ``later``."""
    return _html(
        status,
        "message.html",
        language=language,
        title=text(language, f"link.{key}"),
        more=text(language, f"link.{key}.more"),
    )


def said(status: int, language: Language) -> Response:
    """Return the text for a request that is refused, or cannot be taken now."""
    return message(status, language, "later" if status == 503 else "refused")


def language_of(request: Request) -> Language:
    """Return the language without a link to tell it: Japanese where the browser asks for it first."""
    wanted = request.headers.get("accept-language", "").strip().lower()
    return "ja" if wanted.startswith("ja") else "en"
