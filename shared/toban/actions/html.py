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
from toban.kernel.edge.http import Response
from toban.kernel.edge.links import Language, SignedLink
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


def linked(link: SignedLink, page: LinkPage, query: str) -> Response:
    """Return how the link's incident is; `query` is the link's own signed part."""
    people = (page.people or ())[:BUTTONS]
    return _html(
        page.status,
        "link.html",
        language=link.lang,
        title=page.title,
        page=page,
        people=people,
        words={name: text(link.lang, f"link.{name}") for name in ("who", "other", "unproven")},
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
