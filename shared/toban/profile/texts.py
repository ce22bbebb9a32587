"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.profile.empty": {"en": "the name is empty.", "ja": "名前が空です。"},
    "finding.profile.no-match": {
        "en": "there are no match rules: only alerts that name the service will reach it.",
        "ja": "match がないので、サービスを名指ししたアラートしか届きません。",
    },
    "finding.profile.duplicate-service": {
        "en": "there is another service {id}.",
        "ja": "サービス {id} がもう一つあります。",
    },
    "finding.profile.empty-rule": {
        "en": "a rule without labels never holds; default: true takes what nobody else takes.",
        "ja": "ラベルのない規則は何にも一致しません。全部受けるなら default: true を使います。",
    },
    "finding.profile.repeated": {"en": "the rule is repeated.", "ja": "同じ規則が上にもあります。"},
    "finding.profile.two-defaults": {
        "en": "service {id} is the default as well; only one can be.",
        "ja": "default: true はサービス {id} にもあります。一つだけにしてください。",
    },
    "finding.profile.same-rule": {
        "en": "service {id} has the same rule; only {winner} would get alerts.",
        "ja": "同じ規則がサービス {id} にもあります（{winner} だけが受け取ります）。",
    },
}

both: Final = Catalogue(TEXTS).both
