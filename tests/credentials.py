"""
Texts with credentials in them, and texts that only look so.

Every credential is put together when it is asked for: no file holds one whole, so that no scanner of
repositories finds any.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import NamedTuple

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _made(length: int, salt: str, letters: str = _LETTERS) -> str:
    """`length` characters that look random and are always the same."""
    found = ""
    while len(found) < length:
        digest = hashlib.sha256(f"{salt}{len(found)}".encode()).digest()
        found += "".join(letters[byte % len(letters)] for byte in digest)
    return found[:length]


def _hex(length: int, salt: str) -> str:
    return _made(length, salt, "0123456789abcdef")


def _upper(length: int, salt: str) -> str:
    return _made(length, salt, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def _jwt() -> str:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = base64.urlsafe_b64encode(json.dumps({"sub": "robot", "iat": 1516239022}).encode())
    parts = [part.decode().rstrip("=") for part in (head, body)]
    return ".".join([*parts, _made(43, "jwt")])


def _pem(kind: str, *, ends: bool = True) -> str:
    lines = "\n".join(_made(64, f"{kind}{n}") for n in range(4))
    end = f"\n-----END {kind}-----" if ends else ""
    return f"-----BEGIN {kind}-----\n{lines}{end}"


class Leak(NamedTuple):
    """A text from outside, and what of it nobody may read."""

    text: str
    secret: str


def _forms() -> Iterator[tuple[str, str]]:
    """(name, credential): those that their own form gives away."""
    for letter in "pousr":
        yield f"github {letter}", f"gh{letter}_" + _made(36, letter)
    yield "github fine-grained", "github_" + "pat_" + _made(22, "f") + "_" + _made(59, "g")
    yield "gitlab", "gl" + "pat-" + _made(20, "gitlab")
    yield "grafana", "gl" + "sa_" + _made(32, "grafana") + "_" + _hex(8, "grafana")
    yield "aws", "AK" + "IA" + _upper(16, "aws")
    yield "aws temporary", "AS" + "IA" + _upper(16, "aws2")
    for letter in "bpas":
        yield f"slack {letter}", f"xox{letter}-" + "1234567890-" + _made(24, letter)
    yield "slack app", "xapp" + "-1-" + _upper(10, "xapp") + "-" + _hex(32, "xapp")
    yield "google api", "AI" + "za" + _made(35, "google")
    yield "google oauth", "ya" + "29." + _made(60, "oauth")
    yield "stripe", "sk_" + "live_" + _made(24, "stripe")
    yield "stripe webhook", "whsec" + "_" + _made(32, "whsec")
    yield "sendgrid", "SG" + "." + _made(22, "sg") + "." + _made(43, "sg2")
    yield "openai", "sk-" + "proj-" + _made(48, "openai")
    yield "npm", "npm" + "_" + _made(36, "npm")
    yield "pypi", "pypi" + "-" + _made(120, "pypi")
    yield "vault", "hvs" + "." + _made(24, "vault")
    yield "vault batch", "hvb" + "." + _made(24, "vault2")
    for kind in ("ptt", "dt", "rt", "soat", "cbt", "ft", "agent", "imt"):
        yield f"gitlab {kind}", f"gl{kind}" + "-" + _made(20, kind)
    for kind in ("AB", "AC"):
        yield f"aws {kind}", f"{kind}" + ("IA" if kind == "AB" else "CA") + _upper(16, kind)
    for letter in "cdeor":
        yield f"slack {letter}", f"xox{letter}-" + _made(24, letter)
    yield "google client", "GOC" + "SPX-" + _made(28, "client")
    for kind in ("sk_" + "test", "rk_" + "live", "rk_" + "test"):
        yield f"stripe {kind}", f"{kind}_" + _made(24, kind)
    for kind in ("ant", "svcacct", "admin", "or"):
        yield f"sk {kind}", f"sk-{kind}-" + _made(40, kind)
    yield "sk", "sk" + "-" + _made(48, "sk")
    for letter in "opr":
        yield f"digitalocean {letter}", f"do{letter}_" + "v1_" + _hex(64, letter)
    yield "huggingface", "hf" + "_" + _made(34, "hf")
    for kind in ("at", "ca", "pa", "ss"):
        yield f"shopify {kind}", f"shp{kind}_" + _hex(32, kind)
    yield "databricks", "da" + "pi" + _hex(32, "dapi")
    yield "atlassian", "ATA" + "TT3" + _made(60, "atlassian")
    yield "new relic", "NR" + "AK-" + _upper(27, "relic")
    yield "age", "AGE-SECRET" + "-KEY-1" + _upper(58, "age")
    yield "linear", "lin_" + "api_" + _made(40, "linear")
    yield "telegram", "123456789" + ":AA" + _made(33, "telegram")
    yield "docker", "dckr_" + "pat_" + _made(27, "docker1")
    yield "doppler", "dp" + ".st.prd." + _made(43, "doppler")
    yield "terraform", _made(14, "tf") + ".atlas" + "v1." + _made(67, "tf2")
    yield "sentry", "sntr" + "ys_" + _made(60, "sentry")
    yield "postman", "PM" + "AK-" + _hex(24, "pm") + "-" + _hex(34, "pm2")
    yield "figma", "fig" + "d_" + _made(40, "figma")
    yield "notion", "secret" + "_" + _made(43, "notion")
    yield "supabase", "sbp" + "_" + _hex(40, "supabase")
    yield "tailscale", "tskey" + "-auth-" + _made(30, "tailscale")
    yield "square", "sq0" + "csp-" + _made(43, "square")
    yield "planetscale", "pscale_" + "pw_" + _made(43, "planet")
    yield "contentful", "CF" + "PAT-" + _made(43, "contentful")
    yield "twilio", "S" + "K" + _hex(32, "twilio")
    yield "mailgun", "key" + "-" + _hex(32, "mailgun")
    yield "jwt", _jwt()
    for kind in ("PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY"):
        yield f"pem {kind}", _pem(kind)
    yield "pem cut off", _pem("PRIVATE KEY", ends=False)


def leaks() -> dict[str, Leak]:
    """Every kind of credential in the kinds of sentences in which monitoring quotes it."""
    found = {
        name: Leak(f"clone failed: using {secret} gave 403", secret)
        for name, secret in _forms()
        if not name.startswith("pem")
    }
    found |= {
        name: Leak(f"cannot load key: {secret}", secret.split("\n")[1])
        for name, secret in _forms()
        if name.startswith("pem")
    }
    word, odd = "hunter" + "2xyz", "pa" + "55:w/rd" + "!x"
    path = "T0AB" + "CDEF/B0GHIJ/" + _made(24, "hook")
    texts = {
        "url": ("connection to postgres://app:{}@db.internal:5432/shop refused", word),
        "url odd password": ("dial amqp://app:{}@mq:5672/ failed", "p@s" + "5w0rd"),
        "url slash in password": ("dial redis://app:{}@cache/0", "ab/" + "cd1x"),
        "url without user": ("redis://:{}@cache:6379/0: NOAUTH", word),
        "pair": ("mysqldump: app:{}@db.internal:3306 unreachable", word),
        "pair of go": ("sql: app:{}@tcp(127.0.0.1:3306)/shop: EOF", "geh" + "eimnis"),
        "pair at an address": ("nc admin:{}@10.0.0.5 refused", word),
        "pair at a cluster's name": ("app:{}@db.shop.svc unreachable", word),
        "pair in a sentence": ("login as admin:{}@db01 failed", word),
        "query": ("GET https://m.example/push?auth_token={}&x=1 500", _made(20, "query")),
        "query second": ("https://m.example/push?x=1&token={}", _made(20, "query2")),
        "query short": ("GET /cloud-monitoring?auth_token={} 401", "t0k" + "en"),
        "signed url": ("403 for https://s.example/o?X-Goog-Signature={}", _hex(64, "goog")),
        "azure": ("https://b.example/c?sv=2024&sig={}", _made(43, "sas") + "%3D"),
        "bearer": ("header Authorization: Bearer {} refused", _made(32, "bearer")),
        "bearer alone": ("sent Bearer {} to api", _made(32, "bearer2")),
        "token as a scheme": ("sent Token {} to api", _made(40, "scheme2")),
        "basic": ("Authorization: Basic {}", base64.b64encode(b"app:" + word.encode()).decode()),
        "header of another kind": ("authorization: {}", _made(32, "header")),
        "cookie": ("Cookie: session={}", _made(32, "cookie")),
        "second cookie": ("Cookie: theme=dark; session={}; lang=ja", _made(32, "cookie2")),
        "unknown scheme": ("Authorization: ApiKey {} refused", _made(32, "scheme")),
        "header of a product": ("curl -H 'X-Vault-Token: {}' https://v.example", "s." + word),
        "bearer with a colon": ("Bearer: {}", _made(32, "bearer3")),
        "telegram": (
            "https://api.telegram.org/bot{}/sendMessage",
            "123456789" + ":AA" + _made(33, "telegram"),
        ),
        "pagerduty": (
            "POST https://events.pagerduty.com/integration/{}/enqueue",
            _hex(32, "pagerduty"),
        ),
        "variable": ("export GITLAB_TOKEN={}", "geheimesding"),
        "short variable": ("env: DB_PASS={} ./run", word),
        "framework's key": ("SECRET_KEY_BASE={}", _hex(64, "rails")),
        "short assignment": ("token={} is not valid", "abcd" + "1234"),
        "redis-cli": ("Liveness probe failed: redis-cli -h cache -a {} ping", word),
        "redis configuration": ("bad directive: requirepass {}", word),
        "letter of mysql": ("mysqladmin -uroot -p{} ping", word),
        "sshpass": ("sshpass -p {} ssh app@host", word),
        "encoded": ("GET /login?next=password%3D{}", word),
        "quote in sql": ("CREATE ROLE app PASSWORD 'ge''{}'", word),
        "assignment": ("PGPASSWORD={} pg_dump shop", word),
        "words only": ("password=" + "{} host=db", "correct" + "horse"),
        "odd password": ("password={} host=db", odd),
        "yaml": ("password: {}", "korrekt" + "pferd"),
        "quoted": ('{{"password": "{}", "user": "app"}}', "with blanks " + "in it"),
        "json in json": ('{{\\"api_key\\": \\"{}\\"}}', _hex(32, "json")),
        "camel case": ("clientSecret: '{}'", _made(20, "camel")),
        "api key": ("X-Api-Key: {}", _made(24, "apikey")),
        "aws secret": ("aws_secret_access_key = {}", _made(40, "awss")),
        "account key": ("AccountName=x;AccountKey={};Suffix=y", _made(86, "azure") + "=="),
        "flag": ("command: restic --password {} backup", word),
        "flag with token": ("helm --api-token {} up", _made(24, "helm")),
        "curl": ("curl -u app:{} https://x.example", word),
        "sql": ("CREATE ROLE app PASSWORD '{}'", "gehei" + "m wort"),
        "mysql": ("CREATE USER x IDENTIFIED BY '{}'", word),
        "token": ("token={} is not valid", _made(32, "token")),
        "signature": ("signature: {} does not fit", _made(32, "signature")),
        "credential": ("credential={} was refused", _made(32, "credential")),
        "code of a link": ("GET /callback?code={} 400", _made(32, "code")),
        "japanese": ("接続に失敗しました。パスワード: {} を確認", word),
        "slack webhook": ("POST https://hooks.slack.com/services/{} 404", path),
        "discord": ("https://discord.com/api/webhooks/123456789012/{}", _made(40, "discord")),
    }
    return found | {name: Leak(text.format(what), what) for name, (text, what) in texts.items()}


def harmless() -> list[str]:
    """Texts that have to stay as they are."""
    sha, uuid = _hex(40, "commit"), "6f1b1a52-9c3e-4d0b-8a55-0c3d7e1f2a4b"
    return [
        f"deploy of {sha} failed",
        f"image asia-northeast1-docker.pkg.dev/p/r/app@sha256:{_hex(64, 'image')}",
        f"image registry.example:5000/shop/app:1.2.3@sha256:{_hex(64, 'image2')} not found",
        f"trace {uuid} took 3 s",
        f"https://console.cloud.google.com/monitoring/alerting/alerts/0.nrw?project={uuid}",
        "http://prometheus.example:9090/graph?g0.expr=up%3D%3D0&g0.tab=1",
        "https://play.grafana.org/alerting/silence/new?alertmanager=grafana&matchers=team%3Dblue",
        "http://host.example:8080/path/to@thing?mail=aoki@example.jp",
        "http://[::1]:8080/x@y",
        "pod checkout-api-7d9f8b6c5d-x2x8z OOMKilled",
        "pod sk-prod-frontend-7d9f8b6c5d-x2x8z restarted",
        "gke-hub-cluster-private-pool-containe-de26c8a2-0se1",
        "value aGVsbG8= and dG9iYW4= of a config map",
        'password authentication failed for user "app"',
        "password: incorrect",
        "Password expired for app",
        "token: expired",
        "unexpected token = in JSON at position 12",
        "Basic authentication is required",
        "Basic HealthCheck failed",
        "Token rate-limit exceeded, token bucket-limiter is empty",
        "Bearer token missing",
        "bearer authentication failed",
        "secret=db-credentials not mounted",
        "secret: tls-cert-2024 missing",
        "secret/checkout-db-7d9f8b6c5d is not found",
        "secretName: db-credentials",
        "max_tokens=4096 token_count=17",
        "api_key is missing",
        "--password-file /run/secrets/db",
        "password_file=/run/secrets/db",
        "password=${DB_PASSWORD}",
        "password=*** host=db",
        "sort key=user_id partition=17",
        "user:aoki@example.jp granted roles/viewer",
        "serviceAccount:robot@shop.iam.gserviceaccount.com lost access",
        "mail to aoki@example.jp bounced",
        "approved (google:aoki2@example.jp)",
        "reported:aoki.k@partner.example.com today",
        "10:15@host is no time",
        "cpu:95%@node1 and latency:250ms@p99, slo:99.9@checkout",
        "PWD=/srv/app and pwd: /home/app",
        "redis-cli -u redis://cache.example:6379/0",
        "mysql -P 3306 -h db.example is not reachable",
        "MAX_TOKEN=4096 BATCH_TOKEN=17",
        "DB_TOKEN=${TOKEN} GITHUB_TOKEN=/run/secrets/github",
        "metric checkout_token_refresh_total of auth_secret_rotation_age_seconds",
        "checks_pass=12 checks_fail=0",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        'eyJ is how base64 of {" begins',
        "ghost_pages and ghp_ alone",
        "AKIA is a prefix",
        "xox is no word",
        "AccessDenied: access key is disabled",
        "job backup-shop-2026-11-28T03-00 took 12 min",
        'etag W/"33a64df551425fcc55e4d42a148795d9f25f89d4"',
        "cookie consent banner down",
        "authorization failed",
        "authorization: denied by policy",
        "パスワードの期限が切れました",
        "障害: 決済APIの5xxが2%を超えました（現在14.2%）",
        "summary with p99 = 3.2s > 2s on instance a:1",
    ]
