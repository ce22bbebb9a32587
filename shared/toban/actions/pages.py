"""
The pages behind a link: plain HTML that needs nothing from anywhere else.

No script, no image, no font, no link out; a form that posts back to where it came from is all a
page can do, and the headers make the browser hold it to that.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from types import MappingProxyType

from toban.kernel.edge.http import Response
from toban.kernel.edge.links import Language, Link, LinkAction
from toban.kernel.templates import render, source

# A link does not know its reader's zone. Japan has one, without daylight saving.
_CLOCKS: dict[Language, timezone] = {"ja": timezone(timedelta(hours=9), "JST"), "en": UTC}


@cache
def headers() -> Mapping[str, str]:
    """What keeps the browser to it; the style is allowed by its hash."""
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


_ASK: dict[Language, dict[LinkAction, tuple[str, str]]] = {
    "ja": {
        "acknowledge": ("このインシデントを確認しますか？", "確認する（対応を引き受ける）"),
        "resolve": ("このインシデントを解決にしますか？", "解決にする"),
        "reopen": ("このインシデントを再開しますか？", "再開する"),
        "escalate": ("次の担当者へエスカレーションしますか？", "エスカレーションする"),
    },
    "en": {
        "acknowledge": ("Take this incident?", "Acknowledge"),
        "resolve": ("Mark this incident as resolved?", "Resolve"),
        "reopen": ("Open this incident again?", "Reopen"),
        "escalate": ("Call the next people now?", "Escalate"),
    },
}
_DONE: dict[Language, dict[LinkAction, str]] = {
    "ja": {
        "acknowledge": "確認を受け付けました",
        "resolve": "解決を受け付けました",
        "reopen": "再開を受け付けました",
        "escalate": "エスカレーションを受け付けました",
    },
    "en": {
        "acknowledge": "Acknowledgement received",
        "resolve": "Resolution received",
        "reopen": "Reopening received",
        "escalate": "Escalation received",
    },
}
_TEXT: dict[Language, dict[str, str]] = {
    "ja": {
        "incident": "インシデント",
        "as": "操作者",
        "until": "リンクの有効期限",
        "settled": "まもなく反映されます。その前にインシデントの状態が変わっていた場合は、"
        "何も起こりません。このページは閉じてかまいません。",
        "refused": "このリンクは使えません",
        "refused_more": "リンクが途中で切れている可能性があります。通知のリンクをもう一度開くか、"
        "toban コマンドで操作してください。",
        "expired": "リンクの有効期限が切れています",
        "expired_more": "新しい通知のリンクを使うか、toban コマンドで操作してください。",
        "later": "いまは受け付けられません",
        "later_more": "操作はまだ行われていません。少し待って、もう一度お試しください。",
    },
    "en": {
        "incident": "Incident",
        "as": "As",
        "until": "Link valid until",
        "settled": "It takes effect in a moment. If the incident has moved on in the meantime, "
        "nothing changes. You can close this page.",
        "refused": "This link cannot be used",
        "refused_more": "It may have been cut off on its way. Open it from the notification again, "
        "or use the toban command.",
        "expired": "This link has expired",
        "expired_more": "Use the link in a newer notification, or the toban command.",
        "later": "Not possible right now",
        "later_more": "Nothing has been done yet. Please wait a moment and try again.",
    },
}


def _page(status: int, template: str, **values: object) -> Response:
    html = render(__package__, template, **values)
    return Response(status, html.encode(), "text/html; charset=utf-8", headers())


def confirm(link: Link, query: str) -> Response:
    """What the link would do, and one button; `query` is the link's own signed part."""
    title, button = _ASK[link.lang][link.action]
    until = datetime.fromtimestamp(link.exp, _CLOCKS[link.lang]).strftime("%Y-%m-%d %H:%M %Z")
    small = f"{_TEXT[link.lang]['until']}: {until}"
    return _of_link(link, title, small, button=button, query=query)


def done(link: Link) -> Response:
    """The command was taken."""
    return _of_link(link, _DONE[link.lang][link.action], _TEXT[link.lang]["settled"])


def _of_link(link: Link, title: str, small: str, *, button: str = "", query: str = "") -> Response:
    return _page(
        200,
        "link.html",
        language=link.lang,
        title=title,
        words=_TEXT[link.lang],
        link=link,
        button=button,
        query=query,
        small=small,
    )


def message(status: int, language: Language, key: str) -> Response:
    """A page that only says something: ``refused``, ``expired`` or ``later``."""
    words = _TEXT[language]
    return _page(
        status, "message.html", language=language, title=words[key], more=words[f"{key}_more"]
    )
