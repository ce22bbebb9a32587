"""Google as far as ID tokens go: RSA keys, their certificates on 127.0.0.1, and tokens they sign."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """A key of that name, the same in the whole process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def certificate(name: str) -> str:
    """Its certificate, as Google publishes it."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}.test")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key(name).public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=9))
        .sign(private_key(name), hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode()


class GoogleKeys:
    """Serves the certificates of `names`; `broken` answers 500, `asked` counts."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.broken = False
        self.asked = 0
        keys = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys.asked += 1
                body = json.dumps({name: certificate(name) for name in keys.names}).encode()
                self.send_response(500 if keys.broken else 200)
                self.send_header("Cache-Control", "public, max-age=3600")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/certs"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def claims(address: str, audience: str, **changed: Any) -> dict[str, Any]:
    """What Google says in a token of a managed account; None removes a claim."""
    now = int(time.time())
    said = {
        "iss": "https://accounts.google.com",
        "aud": audience,
        "azp": audience,
        "sub": "113774264463038321964",
        "email": address,
        "email_verified": True,
        "hd": address.partition("@")[2],
        "iat": now - 60,
        "exp": now + 3540,
        **changed,
    }
    return {name: value for name, value in said.items() if value is not None}


def part(value: Any) -> str:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(said: Any, key: str = "one", header: dict[str, Any] | None = None) -> str:
    """A token with a real signature; `header` changes its header (None removes a field)."""
    head = {"alg": "RS256", "kid": key, "typ": "JWT", **(header or {})}
    text = f"{part({k: v for k, v in head.items() if v is not None})}.{part(said)}"
    signature = private_key(key).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{part(signature)}"


def confused(said: Any, key: str = "one") -> str:
    """HS256 with the public certificate as its secret, the oldest trick there is."""
    text = f"{part({'alg': 'HS256', 'kid': key})}.{part(said)}"
    mac = hmac.new(certificate(key).encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{part(mac)}"
