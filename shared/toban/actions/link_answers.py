"""How a way in by a signed link answers: in HTML, in the language of the link, else of the browser."""

from __future__ import annotations

from typing import Any

from toban.actions import html
from toban.actions.html import language_of, said
from toban.kernel import log
from toban.kernel.command import log_command
from toban.kernel.edge.http import Request, Response
from toban.kernel.edge.row import Answers, RowRequest
from toban.texts import Language


class LinkAnswers(Answers):
    """The answers of any such way; each adds what it says when something was taken."""

    def say(self, status: int, error: str, request: Request, **more: Any) -> Response:  # noqa: ARG002 people are told no detail
        """See `Answers`; the words are the status's own."""
        return said(status, language_of(request))

    def refused(self, asked: RowRequest, status: int, cause: Exception) -> Response:
        """See `Answers`; a link that was once good is told apart."""
        language = self.expired(cause)
        if language is not None:
            return html.message(410, language, "expired")
        log_command(proof="link:", outcome="refused", reason=str(cause))
        return said(status, language_of(asked.request))

    def expired(self, cause: Exception) -> Language | None:  # noqa: ARG002
        """Log what an expired link was for, and return its language; None for any other refusal."""
        return None

    def unavailable(self, asked: RowRequest, cause: Exception) -> Response:
        """See `Answers`."""
        log.error("command not accepted: bus unavailable", error=cause)
        return said(503, asked.who.lang)
