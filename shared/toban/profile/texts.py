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
    "finding.profile.environment-empty-rule": {
        "en": "a rule without labels never holds; what matches nothing is production.",
        "ja": "ラベルのない規則は何にも一致しません。どれにも一致しないアラートは production になります。",
    },
    "finding.profile.never-holds": {
        "en": "an alert with the label {label}: {said} is of {said} whatever the rules say.",
        "ja": "ラベル {label}: {said} のアラートは、規則によらず {said} になります。",
    },
    "finding.profile.of-another-service": {
        "en": "an alert with the label service: {of} goes to the service {of}.",
        "ja": "ラベル service: {of} のアラートはサービス {of} に届きます。",
    },
    "finding.profile.not-production": {
        "en": "{name} is not production, and calls nobody; production is called production.",
        "ja": "{name} は production とは別の環境で、人を呼び出しません。本番なら production と書きます。",
    },
    "finding.profile.production-calls-nobody": {
        "en": "nobody is called for anything in production.",
        "ja": "本番環境の障害でも人を呼び出しません。",
    },
    "finding.profile.environment-repeated": {
        "en": "the rule is repeated.",
        "ja": "同じ規則が上にもあります。",
    },
    "finding.profile.environment-same-rule": {
        "en": "{other} has the same rule; only {winner} would get alerts.",
        "ja": "同じ規則が {other} にもあります（{winner} だけが使われます）。",
    },
    "finding.profile.overlap": {
        "en": "an alert for which a rule of {other} holds as well is of {winner}.",
        "ja": "{other} の規則と同時に成り立つアラートは {winner} になります。",
    },
}

both: Final = Catalogue(TEXTS).both
