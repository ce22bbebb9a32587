"""
Callers who prove who they are by an ID token that Google signed.

A valid token is not enough, because anybody can have one. It must be meant for us (audience), for a
verified address, and of somebody on the list of those who may act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from toban.kernel.edge.row import RequestRefused, SettingMissing
from toban.ports import InvalidToken, Tokens

ISSUERS: Final = frozenset({"accounts.google.com", "https://accounts.google.com"})
MAX_TOKEN: Final = 8_192
"""Characters; Google's have about a thousand."""
SKEW_S: Final = 10


class CallerNotAllowed(RequestRefused):
    """The caller is known but not on the list of those who may act."""

    status = 403
    told = "not allowed"


@dataclass(frozen=True)
class Callers:
    """The callers who may give commands with an ID token."""

    tokens: Tokens
    audiences: frozenset[str]
    """The audience that tokens must have: the function's address."""
    actors: frozenset[str]
    """Addresses, and ``@domain`` for everybody whose account that domain manages."""

    @classmethod
    def of(cls, tokens: Tokens, audiences: str, actors: str) -> Callers:
        """Return the callers named in settings (lists separated by commas)."""
        return cls(tokens, _words(audiences), frozenset(a.casefold() for a in _words(actors)))

    def identify(self, token: str, now: datetime) -> str:
        """
        Return the address that a token proves; its owner may act.

        Raises `RequestRefused` (401), `CallerNotAllowed` (403), `SettingMissing` when
        nobody may act, and `toban.ports.Unavailable` when Google's certificates cannot be
        fetched.
        """
        if not self.actors:
            raise SettingMissing("TOBAN_ACTORS")
        if not self.audiences:
            raise SettingMissing("TOBAN_PUBLIC_URL")
        if len(token) > MAX_TOKEN or not token.isascii():
            raise RequestRefused("not an ID token")
        try:
            claims = self.tokens.claims(token)
        except InvalidToken as error:
            raise RequestRefused(str(error)) from error
        address = _address(claims, self.audiences, now)
        if not _listed(address, claims, self.actors):
            raise CallerNotAllowed(f"{address[:200]} is not in TOBAN_ACTORS")
        return address


def _words(setting: str) -> frozenset[str]:
    return frozenset(word.strip() for word in setting.split(",") if word.strip())


def _address(claims: Mapping[str, Any], audiences: frozenset[str], now: datetime) -> str:
    """The verified address in a token that is meant for us; raises `RequestRefused`."""
    if claims.get("iss") not in ISSUERS:
        raise RequestRefused("the token has another issuer")
    audience = claims.get("aud")
    if not isinstance(audience, str) or audience not in audiences:
        raise RequestRefused("the token is meant for another audience")
    expires = claims.get("exp")
    if not isinstance(expires, int) or expires + SKEW_S <= now.timestamp():
        raise RequestRefused("the token has expired")
    address = claims.get("email")
    if (
        not isinstance(address, str)
        or "@" not in address
        or claims.get("email_verified") is not True
    ):
        raise RequestRefused("the token has no verified address")
    return address.casefold()


def _listed(address: str, claims: Mapping[str, Any], actors: frozenset[str]) -> bool:
    """
    Whether somebody may act.

    A domain counts only for accounts that it manages (``hd``): anybody may have made an account of
    their own for an address of the domain, and keep it when they leave.
    """
    managed = claims.get("hd")
    if address in actors or not isinstance(managed, str):
        return address in actors
    domain = f"@{managed.casefold()}"
    return domain in actors and address.endswith(domain)
