"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.escalation.reaches-nobody": {
        "en": "an incident of {label} reaches nobody: add notify or an escalation policy.",
        "ja": "{label} のインシデントは誰にも届きません。notify か escalation に加えてください。",
    },
    "finding.escalation.wakes-nobody": {
        "en": "{label} tells no person (oncall:… or person:…), only channels.",
        "ja": "{label} は人（oncall:… か person:…）に届きません。",
    },
    "finding.escalation.too-late": {
        "en": "{label} is to be answered in {limit}, but a person is first told after {first}.",
        "ja": "{label} の対応開始目標は {limit}ですが、人に届くのは{first}後です。",
    },
    "finding.escalation.no-steps": {"en": "there are no steps.", "ja": "段階がありません。"},
    "finding.escalation.late-first-step": {
        "en": "the first step is taken when the incident opens: write 0m (it may tell a channel only, and the next step a person).",
        "ja": "最初の段階はインシデントが開いたときに行われます。0m と書いてください（まず channel:… だけに知らせ、人は次の段階で呼べます）。",
    },
    "finding.escalation.never-used": {
        "en": "it names no severity and is never used.",
        "ja": "重大度がないので決して使われません。",
    },
    "finding.escalation.steps-order": {
        "en": "steps must come later and later; the one before is at {before}.",
        "ja": "段階は時間順です。前の段階（{before}）より後にしてください。",
    },
    "finding.escalation.step-reaches-nobody": {
        "en": "the step notifies nobody.",
        "ja": "この段階は誰にも届きません。",
    },
    "finding.escalation.unknown-severity": {
        "en": "there is no severity {label}.{hint}",
        "ja": "重大度 {label} は定義されていません。{hint}",
    },
    "finding.escalation.taken": {
        "en": "{label} follows escalation[{number}]; this policy is never used for it.",
        "ja": "{label} は escalation[{number}] が使われ、ここは決して使われません。",
    },
    "section.escalation": {"en": "escalation", "ja": "エスカレーション"},
    "finding.escalation.posts-nothing": {
        "en": "{label} in {names} is posted nowhere; lists show it.",
        "ja": "{names} の {label} はどこにも投稿されません（一覧には出ます）。",
    },
}

both: Final = Catalogue(TEXTS).both
