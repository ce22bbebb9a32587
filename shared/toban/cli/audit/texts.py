"""What `toban audit` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.audit": {
        "en": "who asked for what, by which proof, and what came of it",
        "ja": "誰が何を依頼し、どう証明され、どうなったか",
    },
    "help.audit.subject": {
        "en": "only of this subject, such as incidents/inc-1 (its beginning is enough)",
        "ja": "この対象だけ。例: incidents/inc-1（先頭だけでも可）",
    },
    "help.audit.actor": {
        "en": "only of this person, by name or by what the proof says",
        "ja": "この人の操作だけ（名前、または証明にある名前）",
    },
    "help.audit.since": {
        "en": "from this time on, or so long ago as 90m, 12h, 7d (default: 30d; all of a subject)",
        "ja": "この時刻以降、または 90m、12h、7d 前以降（既定: 30d。対象を指定したときはすべて）",
    },
    "none.audit": {
        "en": "Nobody has asked for anything since {moment}.",
        "ja": "{moment} 以降の操作はありません。",
    },
    "none.audit.like-that": {
        "en": "No command fits.",
        "ja": "条件に合う操作はありません。",
    },
    "column.actor": {"en": "ACTOR", "ja": "操作者"},
    "column.proof": {"en": "PROOF", "ja": "証明"},
    "column.action": {"en": "ACTION", "ja": "操作"},
    "column.subject": {"en": "SUBJECT", "ja": "対象"},
    "column.outcome": {"en": "OUTCOME", "ja": "結果"},
    "audit.done": {"en": "done", "ja": "実行済み"},
    "audit.nothing": {"en": "nothing to do", "ja": "変更なし"},
    "audit.stale": {"en": "too late", "ja": "状態が変わっていた"},
    "audit.refused": {"en": "refused", "ja": "拒否"},
    "audit.proof.unproven": {
        "en": "{means} (person not proven)",
        "ja": "{means}（本人の証明なし）",
    },
}
