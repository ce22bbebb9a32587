"""
Texts without the credentials in them. Pure.

Monitoring quotes what failed: a command line, a connection string, a header. Whatever looks like a
credential becomes ``[secret]``: by its own form (tokens with a prefix, JSON Web Tokens, private
keys), or by what stands before it (``password=``, ``Bearer``, ``user:…@``). What only looks random
stays readable: hashes of commits and images, UUIDs, names of pods.

Every pattern starts at a fixed word and is bounded, so a hostile text costs linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

MASK: Final = "[secret]"

T = TypeVar("T")
Replacement: TypeAlias = str | Callable[[re.Match[str]], str]

# --- credentials that their own form gives away --------------------------------------------------

# Shorter than they really are, so that one whose end was cut off is found as well.
_TOKENS = (
    r"gh[oprsu]_[A-Za-z0-9]{8,255}",
    r"github_pat_\w{8,255}",
    r"gl(?:pat|ptt|dt|rt|soat|cbt|ft|agent|imt)-[\w-]{8,255}",
    r"glsa_\w{8,255}",
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,16}",
    r"xox[abcdeoprs]-[\w-]{6,255}",
    r"xapp-\d-[\w-]{6,255}",
    r"AIza[\w-]{20,255}",
    r"ya29\.[\w-]{8,1024}",
    r"GOCSPX-[\w-]{8,255}",
    r"[rs]k_(?:live|test)_[A-Za-z0-9]{8,255}",
    r"whsec_[A-Za-z0-9+/=]{8,255}",
    r"SG\.[\w-]{8,255}\.[\w-]{0,255}",
    r"sk-(?:proj|ant|svcacct|admin|or)-[\w-]{12,255}",
    r"sk-[A-Za-z0-9]{32,255}",
    r"npm_[A-Za-z0-9]{20,255}",
    r"pypi-[\w-]{32,512}",
    r"do[opr]_v1_[0-9a-f]{16,255}",
    r"hf_[A-Za-z0-9]{20,255}",
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{16,255}",
    r"dapi[0-9a-f]{32}",
    r"hv[bs]\.[\w-]{16,512}",
    r"ATATT3[\w=-]{16,512}",
    r"NRAK-[A-Z0-9]{16,255}",
    r"AGE-SECRET-KEY-1[0-9A-Z]{16,255}",
    r"lin_api_\w{16,255}",
    r"\d{8,10}:AA[\w-]{30,40}",
    r"PMAK-[0-9a-f]{16,64}-[0-9a-f]{8,64}",
    r"sntrys_[\w=+/-]{12,512}",
    r"(?:figd|ntn|sbp)_(?=[A-Za-z_-]{0,64}\d)[\w-]{16,255}",
    r"secret_(?=[A-Za-z]{0,64}\d)[A-Za-z0-9]{40,64}",
    r"tskey-[a-z]{2,12}-[\w-]{8,255}",
    r"ops_eyJ[\w-]{8,4096}",
    r"sq0(?:csp|atp|idp)-[\w-]{16,64}",
    r"CFPAT-[\w-]{16,255}",
    r"dp\.(?:st|pt|ct|sa|scim|audit)\.(?:[\w-]{2,35}\.)?[A-Za-z0-9]{32,64}",
    r"[A-Za-z0-9]{10,20}\.atlasv1\.[\w-]{16,255}",
    r"(?:SK|key-)[0-9a-f]{32}(?![0-9a-f])",
    r"[a-z]{2,12}_(?:pat|secret|tkn|pw|oauth)_(?=[A-Za-z-]{0,64}\d)[A-Za-z0-9-]{16,255}",
    r"(?<!-)eyJ[\w-]{8,4096}\.[\w-]{4,4096}(?:\.[\w-]{0,4096})?",
    r"(?<!-)eyJ[\w-]{30,4096}(?=…)",
)
_PATHS = (
    r"(?<=hooks\.slack\.com/services/)[\w/]{6,255}",
    r"(?<=hooks\.slack\.com/workflows/)[\w/]{6,255}",
    r"(?<=hooks\.slack\.com/triggers/)[\w/]{6,255}",
    r"(?<=/api/webhooks/)\d{6,25}/[\w-]{6,255}",
    r"(?<=webhook\.office\.com/webhookb2/)[^\s\"'<>]{6,512}",
    r"(?<=outlook\.office\.com/webhook/)[^\s\"'<>]{6,512}",
    r"(?<=\.pagerduty\.com/integration/)[0-9a-zA-Z]{12,64}",
    r"(?<=/bot)\d{8,10}:AA[\w-]{30,40}",
)
# Its last line may have been cut off; a public key or a certificate is no secret.
_PEM = (
    r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r".*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)"
)
_OWN_FORM = re.compile(
    rf"(?:(?<![A-Za-z0-9_])|(?<=%[0-9A-Fa-f]{{2}}))(?:{'|'.join(_TOKENS)})|{'|'.join(_PATHS)}|{_PEM}",
    re.DOTALL,
)

# --- what stands before a credential ------------------------------------------------------------

# ``scheme://user:password@``; a port and a path with an @ further on are none.
_USERINFO = re.compile(
    r"(?<=://)(?:[^\s/@:\[?#]{0,255}:(?!\d{1,5}[/?#])[^\s@\"'<>]{1,255}"
    r"(?:@[^\s@/\"'<>]{1,255}){0,3}|[0-9a-fA-F]{32})(?=@)"
)
# The same without a scheme, where it leads inside or names a port: ``google:aoki@example.jp`` is
# somebody, ``app:1.2@sha256:…`` an image.
_PRINCIPAL = (
    r"mailto|user|group|serviceaccount|domain|principal|principalset|member|person|acct|sips?|xmpp"
    r"|e?mail|from|to|cc|bcc|by|owner|contact|assignee|author|reply-to|deleted|google|local|link|slack"
)
_INSIDE = (
    r"\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)|[a-z0-9][\w-]{0,62}(?![\w.-]|:\w)"
    r"|(?:[\w-]{1,63}\.){1,8}(?:internal|local|lan|corp|svc|intra|home|localdomain)(?![\w.-])"
    r"|\[[0-9a-f:]{2,40}\]"
)
_PAIR = re.compile(
    rf"(?i)(?<![\w/@.:%+-])(?P<who>(?!(?:{_PRINCIPAL}):)[\w.%+-]{{1,64}}:)"
    rf"(?!\d{{1,9}}(?:\.\d{{1,9}})?(?:%|[a-z]{{1,2}})?@)[^\s:@/,;\"'<>()]{{3,128}}(?=@(?!sha\d{{3}}:)(?:{_INSIDE}))"
    r"|(?<![\w/@.:%+-])(?P<named>[\w.%+-]{1,64}:)[^\s:@/,;\"'<>()]{3,128}"
    r"(?=@(?!sha\d{3}:)[\w.\[\]-]{1,255}(?::\d|/\w|\())"
)
_BEARER = re.compile(
    r"(?i:\bbearer:?(?: +|%20))(?=[A-Za-z_-]{0,64}[\d.~+/=]|[\w~+/-]{0,64}-)[\w.~+/=-]{6,4096}"
    # "token rate-limit exceeded", "basic HealthCheck failed"
    r"|(?i:\btoken(?: +|%20))(?=[\w.~+/=-]{0,64}\d)[\w.~+/=-]{16,4096}"
    r"|(?i:\bbasic )(?=[A-Za-z]{0,255}[0-9+/=]|(?:[A-Za-z]{0,32}[a-z][A-Z]){3})[A-Za-z0-9+/=]{6,512}"
)
_SCHEMES = r"(?:bearer|basic|digest|token|negotiate) "
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization)(\"?'?[:=] ?\"?'?)"
    r"(?!\[secret\]|required|missing|failed|denied|invalid)"
    rf"(?:({_SCHEMES})[\w.~+/=-]{{1,4096}}"
    rf"|(?!{_SCHEMES})[a-z][\w-]{{1,30}} (?=[^\s\"'<>]{{0,64}}\d)[^\s\"'<>]{{6,4096}}"
    rf"|(?!{_SCHEMES})[^\s\"'<>]{{6,4096}})"
)
# All of them: the second may be the session.
_COOKIE = re.compile(
    r"(?i)\b((?:set-)?cookie\"?'?[:=] ?\"?'?)"
    r"([^\s\"'<>=;]{1,255}=[^\s\"'<>;]{0,4096}(?:; ?[^\s\"'<>=;]{1,255}=[^\s\"'<>;]{0,4096}){0,50})"
)

_STRONG = (
    r"passw(?:or)?d|passphrase|pwd(?!\s{0,3}[=:]\s{0,3}/)"
    r"|(?:db|database|smtp|imap|mail|email|mysql|maria|pg|postgres|redis|mongo|amqp|rabbit|user|root|admin"
    r"|ftp|sftp|ldap|bind|http|proxy|basic|auth|login|sudo|master|service|app)[_-]?pass"
    r"|x-(?:[a-z]{1,20}-){0,4}(?:token|secret|key|auth)"
    r"|(?:auth|access|refresh|id|api|bot|session|csrf|bearer|sas|personal|private|deploy|admin)"
    r"[_-]?tokens?(?<!s)"
    r"|(?:client|app|webhook|signing|shared|consumer|jwt|api)[_-]?secret|secret[_-]?(?:access[_-]?)?key"
    r"|api[_-]?key|private[_-]?key|auth[_-]?key|account[_-]?key|access[_-]?key|encryption[_-]?key"
    r"|sessionid|パスワード|暗証番号"
)
_WEAK = r"secret|token|credentials?|signature"
# Words that prose has after "password:", and what stands for a value that is not shown.
_PROSE = (
    r"(?:incorrect|invalid|expire[ds]?|expiring|wrong|missing|required|unset|empty|not|is|was|has|have"
    r"|must|should|none|null|nil|true|false|failed|failure|failing|denied|rejected|rotated|changed|too"
    r"|cannot|could|may|does|no|unknown|undefined|authentication|ok|yes|error|unauthorized|mismatch"
    r"|redacted|hidden|masked|the|a|an|for|of|from|in|and|or|at|to|bad|prompt|string|revoked|refused"
    r"|unexpected|unavailable|forbidden|login|reset|absent|found|set|with|by|on|it|we)(?![\w.-])"
)
_HIDDEN = r"\[secret\]|\*{3,}|<[\w ]{0,40}>|\$[\w{(]|%[sr(]|\{\{"
_NAMED = re.compile(
    rf"(?i)((?:{_STRONG})(?:\\?[\"'])?\s{{0,3}}(?:=>|[=:：＝](?!>)|%3[AD])\s{{0,3}})(?!{_HIDDEN})"
    rf"(?:(\\?[\"'])(?!{_HIDDEN})[^\"'\\\n]{{1,512}}"
    rf"|(?!{_PROSE})[!#-%(-+\--:<-\[\]-{{}}~][^\s\"'&,;<>)}}|\\]{{0,512}})"
)
_FLAG = re.compile(
    rf"(?i)(--?(?:[a-z-]{{0,20}}-)?(?:{_STRONG}|token|secret|pass)\s)(?!{_PROSE}|{_HIDDEN}|-)\S{{1,512}}"
    rf"|((?:\s|\A)(?:-u|--user)[ =][\w.-]{{1,64}}:)(?!//)[^\s@\"']{{1,255}}"
    r"|\b(identified by|password)\s+'(?:[^']|''){1,255}'"
)
# Programs whose letter for a password is known.
_OPTION = re.compile(
    r"\b(redis-cli\b[^\n|;]{0,200}? (?:-a|--pass) |sshpass -p ?|(?:requirepass|masterauth) "
    r"|(?:mysql\w{0,12}|mariadb[\w-]{0,12})\b[^\n|;]{0,200}? -p(?=\S)"
    r"|docker login\b[^\n|;]{0,200}? -p )(?!\[secret\])[^\s\"']{1,512}"
)
_QUERY = re.compile(
    r"(?i)([?&;](?:amp;)?(?:[a-z]{1,12}[_-])?(?:token|secret|sig|signature|auth|jwt|pw|pass|password"
    r"|api_?key|x-(?:amz|goog)-(?:signature|credential|security-token))=)"
    r"(?!\[secret\])[^&\s\"'<>#]{1,1024}"
)
# A weak name is also a noun ("token: expired") and the name of a Kubernetes object: what follows has
# to look made by a machine.
_MACHINE = r"(?=[\w+/.-]{0,64}\d)(?=[^a-z\n]{0,64}[a-z])(?=[\w+/.]{16})[\w+/.=-]{16,512}"
_LOOSE = re.compile(rf"(?i)((?:{_WEAK}|[?&]key|[?&]code)\\?[\"']?\s?[=:]\s?\\?[\"']?){_MACHINE}")

# The same as variables of an environment, or close to the sign: short ones, too.
_SHORT_VALUE = r"(?!\[secret\])(?=[\w+/.=~-]{0,64}[A-Za-z])(?=[\w+/.=~-]{0,64}\d)"
_VARIABLE = re.compile(
    rf"(\b(?:[A-Z][A-Z0-9]*_)*(?:TOKEN|SECRET|CREDENTIALS?|PASS|SECRET_KEY_BASE)=[\"']?)"
    rf"(?!{_HIDDEN})(?!/)(?=[\w+/.=~-]{{0,64}}[A-Za-z])[\w+/.=~-]{{6,512}}"
    rf"|((?i:\b(?:token|secret)=[\"']?)){_SHORT_VALUE}[\w+/.=~]{{8,512}}(?![\w-])"
)


def _after_blank(found: re.Match[str]) -> str:
    """``Bearer …``: the scheme stays."""
    scheme = re.split(r" +|%20", found[0], maxsplit=1)[0]
    return f"{scheme} {MASK}"


def _flag(found: re.Match[str]) -> str:
    return f"{found[1] or found[2] or f'{found[3]} '}{MASK}"


def _variable(found: re.Match[str]) -> str:
    return f"{found[1] or found[2]}{MASK}"


def _pair(found: re.Match[str]) -> str:
    return f"{found['who'] or found['named']}{MASK}"


_FORM_HINTS = (
    *("gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-", "glptt-", "gldt-", "glrt-"),
    *("glsoat-", "glcbt-", "glft-", "glagent-", "glimt-", "glsa_", "akia", "asia", "abia", "acca"),
    *("xox", "xapp-", "aiza", "ya29.", "gocspx-", "k_live_", "k_test_", "whsec_", "sg.", "sk-"),
    *(
        "npm_",
        "pypi-",
        "_v1_",
        "hf_",
        "shpat_",
        "shpca_",
        "shppa_",
        "shpss_",
        "dapi",
        "hvs.",
        "hvb.",
    ),
    *("pmak-", "sntrys_", "figd_", "ntn_", "sbp_", "secret_", "tskey-", "ops_ey", "sq0", "cfpat-"),
    *(
        "dp.",
        ".atlasv1.",
        "sk",
        "key-",
        "_pat_",
        "_tkn_",
        "_pw_",
        "_oauth_",
        "/bot",
        "pagerduty.com",
    ),
    *("atatt3", "nrak-", "age-secret-key", "lin_api_", ":aa", "eyj", "hooks.slack", "webhook"),
    "private key",
)
_NAME_HINTS = ("pass", "pwd", "token", "secret", "key", "sessionid", "パスワード", "暗証番号")

_RULES: Final[tuple[tuple[tuple[str, ...], re.Pattern[str], Replacement], ...]] = (
    (_FORM_HINTS, _OWN_FORM, MASK),
    (("://",), _USERINFO, MASK),
    (("authorization",), _HEADER, rf"\1\2\3{MASK}"),
    (("cookie",), _COOKIE, rf"\1{MASK}"),
    (("bearer", "token", "basic"), _BEARER, _after_blank),
    (("?", "&", ";"), _QUERY, rf"\1{MASK}"),
    (_NAME_HINTS, _NAMED, rf"\1\2{MASK}"),
    ((*_NAME_HINTS, "-u", "--user", "identified by"), _FLAG, _flag),
    ((" -a ", " -p", " --pass ", "requirepass ", "masterauth "), _OPTION, rf"\1{MASK}"),
    (("token=", "secret=", "credential", "pass=", "secret_key_base="), _VARIABLE, _variable),
    (("@",), _PAIR, _pair),
    (("secret", "token", "credential", "signature", "key=", "code="), _LOOSE, rf"\1{MASK}"),
)
"""(hints, pattern, what takes its place): a pattern is tried only where a hint stands in the text."""

_STRONG_NAME = re.compile(rf"(?i)(?:{_STRONG}|(?:proxy-)?authorization|(?:set-)?cookie)\Z")
_WEAK_NAME = re.compile(rf"(?i)(?:{_WEAK}|sig|pw)\Z")
_VALUE = re.compile(_MACHINE)


def mask(text: str) -> str:
    """Return `text` with every credential in it replaced by ``[secret]``; twice is as once."""
    return _remembered(text) if len(text) <= _SHORT else _looked_at(text)


def _looked_at(text: str) -> str:
    lower = text.lower()
    for hints, pattern, replacement in _RULES:
        if any(hint in lower for hint in hints):
            text = pattern.sub(replacement, text)
    return text


_SHORT = 100
# Names and values of labels are the same few, ten thousand times over.
_remembered = lru_cache(maxsize=4096)(_looked_at)


def mask_named(name: str, value: str) -> str:
    """Return the value of something that has a name of its own (a label, a field), without secrets."""
    if not value or value == MASK:
        return value
    if _STRONG_NAME.search(name):
        return value if re.match(rf"(?i){_PROSE}\Z", value) else MASK
    if _WEAK_NAME.search(name) and _VALUE.fullmatch(value):
        return MASK
    return mask(value)


def masked(value: T, *keep: str) -> T:
    """
    Return a struct, list, dict or text with `mask` applied to every text in it.

    The fields of the struct that `keep` names stay as they are. What holds no secret comes back itself.
    """
    found: Any = value
    if isinstance(found, str):
        return mask(found)  # type: ignore[return-value]
    if isinstance(found, dict):
        changed: Any = {
            masked(name): mask_named(name, inner) if isinstance(inner, str) else masked(inner)
            for name, inner in found.items()
        }
        return value if changed == found else changed
    if isinstance(found, (list, tuple)):
        items: Any = type(found)(masked(item) for item in found)
        return value if items == found else items
    if isinstance(found, msgspec.Struct):
        fields = {
            name: new
            for name in found.__struct_fields__
            if name not in keep
            and (new := masked(old := getattr(found, name))) is not old
            and new != old
        }
        return msgspec.structs.replace(found, **fields) if fields else value  # type: ignore[return-value]
    return value
