"""Names of hosts, made comparable."""

from __future__ import annotations

import ipaddress


def one_name(host: str) -> str:
    """
    Return a host's name for comparing: lower case; every name of this machine is ``localhost``.

    Other names are not looked up: two names of one server differ here.
    """
    host = host.strip("[]").rstrip(".").lower()
    if host in {"", "localhost"} or host.startswith("/"):
        return "localhost"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return "localhost" if address.is_loopback else str(address)
