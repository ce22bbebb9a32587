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
from html import escape
from types import MappingProxyType

from toban.kernel.http import Response
from toban.kernel.links import Language, Link, LinkAction

_STYLE = """
:root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--text:#1b1f24;--dim:#57606a;
--line:#d8dee4;--go:#0b57d0;--on:#fff}
@media(prefers-color-scheme:dark){:root{--back:#0e1116;--card:#171b22;--text:#e6edf3;
--dim:#9aa4af;--line:#30363d;--go:#8ab4f8;--on:#0e1116}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;
padding:1rem;background:var(--back);color:var(--text);
font:1rem/1.6 system-ui,"Hiragino Sans","Noto Sans JP",sans-serif}
main{width:100%;max-width:28rem;padding:1.5rem;background:var(--card);
border:1px solid var(--line);border-radius:.75rem}
h1{margin:0 0 .75rem;font-size:1.35rem;line-height:1.35}
p{margin:.5rem 0;overflow-wrap:anywhere}
.dim{color:var(--dim);font-size:.875rem}
button{display:block;width:100%;min-height:3.25rem;margin-top:1.25rem;border:0;
border-radius:.5rem;background:var(--go);color:var(--on);font:inherit;font-weight:600}
button:focus-visible{outline:3px solid var(--text);outline-offset:2px}
"""
# A link does not know its reader's zone. Japan has one, without daylight saving.
_CLOCKS: dict[Language, timezone] = {"ja": timezone(timedelta(hours=9), "JST"), "en": UTC}
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
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


def _page(status: int, language: Language, title: str, inside: str) -> Response:
    html = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(title)} – toban</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{inside}</main>\n</body>\n</html>\n"
    )
    return Response(status, html.encode(), "text/html; charset=utf-8", HEADERS)


def _what(link: Link) -> str:
    words = _TEXT[link.lang]
    return (
        f"<p>{words['incident']}: <strong>{escape(link.incident)}</strong></p>\n"
        f"<p>{words['as']}: {escape(link.actor)}</p>\n"
    )


def confirm(link: Link, query: str) -> Response:
    """What the link would do, and one button; `query` is the link's own signed part."""
    title, button = _ASK[link.lang][link.action]
    until = datetime.fromtimestamp(link.exp, _CLOCKS[link.lang]).strftime("%Y-%m-%d %H:%M %Z")
    return _page(
        200,
        link.lang,
        title,
        f'{_what(link)}<form method="post" action="?{escape(query)}">'
        f'<button type="submit">{escape(button)}</button></form>\n'
        f'<p class="dim">{_TEXT[link.lang]["until"]}: {until}</p>\n',
    )


def done(link: Link) -> Response:
    """The command was taken."""
    settled = f'<p class="dim">{_TEXT[link.lang]["settled"]}</p>\n'
    return _page(200, link.lang, _DONE[link.lang][link.action], _what(link) + settled)


def message(status: int, language: Language, key: str) -> Response:
    """A page that only says something: ``refused``, ``expired`` or ``later``."""
    words = _TEXT[language]
    return _page(status, language, words[key], f"<p>{words[key + '_more']}</p>\n")
