"""
The HTML of an email: tables and inline styles, because mail programs know little else.

No images, no scripts, no remote content; every value is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_FONT = "-apple-system,'Segoe UI','Hiragino Sans','Noto Sans JP',Meiryo,sans-serif"


def page(
    *,
    language: str,
    color: str,
    kicker: str,
    title: str,
    rows: Sequence[tuple[str, str]],
    summary: str,
    hint: tuple[str, str],
    notes: Sequence[str],
    actions: Sequence[tuple[str, str]],
    links: Sequence[tuple[str, str]],
    labels: Sequence[str],
    footer: str,
) -> str:
    """A whole document; `color` is ours, everything else is text from anywhere."""
    table = "".join(
        "<tr>"
        '<td style="padding:4px 16px 4px 0;color:#5f6368;white-space:nowrap;'
        f'vertical-align:top">{escape(label)}</td>'
        f'<td style="padding:4px 0;color:#202124;word-break:break-word">{escape(value)}</td>'
        "</tr>"
        for label, value in rows
    )
    parts = [f'<table role="presentation" style="border-collapse:collapse">{table}</table>']
    if summary:
        parts.append(
            '<p style="margin:16px 0;padding:12px;background:#f1f3f4;border-radius:4px;'
            f'color:#202124;word-break:break-word">{_lines(summary)}</p>'
        )
    parts.append(
        f'<p style="margin:16px 0;color:#202124"><strong>{escape(hint[0])}:</strong> '
        f"{_lines(hint[1])}</p>"
    )
    parts.extend(f'<p style="margin:8px 0;color:#5f6368">{_lines(note)}</p>' for note in notes)
    if actions:
        buttons = "".join(_button(name, url, color) for name, url in actions)
        parts.append(f'<p style="margin:20px 0">{buttons}</p>')
    if links:
        items = " · ".join(
            f'<a href="{escape(url)}" style="color:#1558b0">{escape(name)}</a>'
            for name, url in links
        )
        parts.append(f'<p style="margin:12px 0">{items}</p>')
    if labels:
        codes = " ".join(
            '<span style="display:inline-block;margin:0 6px 6px 0;padding:2px 6px;'
            "background:#f1f3f4;border-radius:3px;color:#3c4043;"
            f'font:12px/1.5 ui-monospace,monospace">{escape(label)}</span>'
            for label in labels
        )
        parts.append(f'<p style="margin:12px 0">{codes}</p>')
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light">'
        f"<title>{escape(title)}</title></head>"
        f'<body style="margin:0;padding:16px;background:#f6f7f9;font:15px/1.6 {_FONT}">'
        '<div style="max-width:640px;margin:0 auto;background:#ffffff;'
        f'border-top:6px solid {color};border-radius:4px;padding:20px 24px">'
        f'<p style="margin:0;color:{color};font-weight:600">{escape(kicker)}</p>'
        '<h1 style="margin:4px 0 16px;font-size:20px;line-height:1.4;color:#202124;'
        f'word-break:break-word">{escape(title)}</h1>'
        f"{''.join(parts)}"
        '<p style="margin:24px 0 0;border-top:1px solid #dadce0;padding-top:12px;'
        f'color:#5f6368;font-size:12px">{escape(footer)}</p>'
        "</div></body></html>\n"
    )


def _lines(value: str) -> str:
    return "<br>".join(escape(line) for line in value.splitlines())


def _button(name: str, url: str, color: str) -> str:
    return (
        f'<a href="{escape(url)}" style="display:inline-block;margin:0 8px 8px 0;'
        f"padding:10px 18px;border:2px solid {color};border-radius:4px;color:#202124;"
        f'font-weight:600;text-decoration:none">{escape(name)}</a>'
    )
