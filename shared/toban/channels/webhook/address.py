"""Which addresses a webhook may call: pure, for `toban check` and for the moment of the call."""

from __future__ import annotations

import ipaddress
import re
from typing import Literal
from urllib.parse import urlsplit

from toban.ports import Rejected

Fault = Literal["no-url", "credentials", "plain", "here", "forbidden", "private"]
"""Why the deployed platform will not call an address; ``here``: only a laptop's does."""

# Ranges that lead inside although Python calls them global: 6to4 and NAT64 carry an IPv4 address.
_EMBEDDING = (ipaddress.ip_network("2002::/16"), ipaddress.ip_network("64:ff9b::/96"))
_METADATA = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_INSIDE = (
    ".internal",
    ".local",
    ".localdomain",
    ".lan",
    ".intranet",
    ".corp",
    ".home.arpa",
    ".svc",
)
_HOST = re.compile(
    r"(?!.{254})(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE
)
_HERE = ("localhost", "ip6-localhost")


class ForbiddenAddress(Rejected):
    """The address is one that a webhook must not call."""


def fault_of(url: str) -> Fault | None:
    """
    Return what is wrong with an address as far as it can be told without asking for its host.

    Whatever this finds `check_scheme` or `check_address` refuses when the platform is deployed.
    """
    try:
        check_scheme(url, local=True)
        host = (urlsplit(url).hostname or "").removesuffix(".")
        if not _is_well_formed(url, host):
            return "no-url"
    except ForbiddenAddress as error:
        return error.fault if isinstance(error, _Faulty) else "no-url"
    if host in _METADATA:
        return "forbidden"
    literal = _literal(host)
    if host in _HERE or host.endswith(".localhost") or (literal and literal.is_loopback):
        return "here"
    if literal is None:
        return "private" if host.endswith(_INSIDE) or "." not in host else None
    try:
        check_address(str(literal), local=False)
    except _Faulty as error:
        return error.fault
    return None


def _is_well_formed(url: str, host: str) -> bool:
    """Whether a request could be made of it: what is not, fails at the first page, at night."""
    rest = url.partition("://")[2].partition("/")[2]
    if not (rest.isascii() and url.isprintable()) or " " in url or "\\" in url:
        return False
    if urlsplit(url).port == 0:
        return False
    if ":" in host:  # an IPv6 address
        return True
    try:
        name = host.encode("idna").decode()
    except UnicodeError:
        return False
    return _HOST.fullmatch(name) is not None and (
        _literal(host) is not None or not name.rpartition(".")[2].isdigit()
    )


class _Faulty(ForbiddenAddress):
    def __init__(self, fault: Fault, message: str) -> None:
        self.fault: Fault = fault
        super().__init__(message)


def check_scheme(url: str, local: bool) -> None:
    """Raise `ForbiddenAddress` unless it is https, or http to this machine where that is allowed."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018  raises for what is no port
    except ValueError:
        raise _Faulty("no-url", "the address is no URL") from None
    if parts.username or parts.password:
        raise _Faulty("credentials", "an address must not carry a user or a password")
    if parts.scheme == "https" and host:
        return
    if parts.scheme == "http" and local and host in ("127.0.0.1", "localhost", "::1"):
        return
    fault: Fault = "plain" if parts.scheme == "http" and host else "no-url"
    raise _Faulty(fault, "only https:// addresses are allowed")


def check_address(address: str, local: bool) -> None:
    """
    Raise `ForbiddenAddress` for an address that is not on the public internet.

    Where `local` allows it, this machine and private networks are fine; link-local addresses
    (metadata servers of clouds: 169.254.169.254) never are.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        raise _Faulty("forbidden", "the host leads to a forbidden address")
    if local and (ip.is_loopback or ip.is_private):
        return
    if not ip.is_global or any(ip in network for network in _EMBEDDING):
        raise _Faulty("private", "the host leads to a private address")


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is written as, old forms of IPv4 included (``127.1``, ``0x7f000001``)."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    parts = host.split(".")
    try:
        numbers = [int(part, 8 if part[0] == "0" and part.isdigit() else 0) for part in parts]
    except (ValueError, IndexError):
        return None
    *first, last = numbers
    if len(parts) > 4 or any(not 0 <= n < 256 for n in first) or last < 0:
        return None
    value = sum(n << 8 * (3 - place) for place, n in enumerate(first)) + last
    return ipaddress.IPv4Address(value) if value < 2**32 else None
