"""
The HTML that a link leads to: plain, and complete without any other file.

No script, no image, no font, no link out. A form that posts back to its own address is all that
it may do, and the headers make the browser enforce that.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from types import MappingProxyType

from toban.actions.texts import text
from toban.kernel.edge.http import Response
from toban.kernel.edge.links import Language, SignedLink
from toban.kernel.templates import render, source

# A link does not know its reader's zone. Japan has one, without daylight saving.
_CLOCKS: dict[Language, timezone] = {"ja": timezone(timedelta(hours=9), "JST"), "en": UTC}


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


def confirm(link: SignedLink, query: str) -> Response:
    """Return what the link would do, with one button; `query` is the link's own signed part."""
    title = text(link.lang, f"link.ask.{link.action}")
    button = text(link.lang, f"link.button.{link.action}")
    until = datetime.fromtimestamp(link.exp, _CLOCKS[link.lang]).strftime("%Y-%m-%d %H:%M %Z")
    small = f"{text(link.lang, 'link.until')}: {until}"
    return _of_link(link, title, small, button=button, query=query)


def done(link: SignedLink) -> Response:
    """Return that the command was accepted."""
    title = text(link.lang, f"link.done.{link.action}")
    return _of_link(link, title, text(link.lang, "link.settled"))


def _of_link(
    link: SignedLink, title: str, small: str, *, button: str = "", query: str = ""
) -> Response:
    return _html(
        200,
        "link.html",
        language=link.lang,
        title=title,
        words={name: text(link.lang, f"link.{name}") for name in ("incident", "as")},
        link=link,
        button=button,
        query=query,
        small=small,
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
