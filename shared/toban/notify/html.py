"""
The HTML of an email: tables and inline styles, because mail programs know little else.

No images, no scripts, no remote content; every value is escaped (``templates/mail.html``).
"""

from __future__ import annotations

from collections.abc import Sequence

from toban.kernel.templates import render


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
    return render(
        "toban.notify",
        "mail.html",
        language=language,
        color=color,
        kicker=kicker,
        title=title,
        rows=rows,
        summary=summary,
        hint=hint,
        notes=notes,
        actions=actions,
        links=links,
        labels=labels,
        footer=footer,
    )
