"""What `toban explain` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.explain": {
        "en": "what would become of an alert: whose, how severe, who is called when and by what",
        "ja": "アラートの行方を表示: どのサービスか、重大度、誰をいつ何で呼ぶか",
    },
    "help.explain.label": {
        "en": "a label of the alert; may be given several times",
        "ja": "アラートのラベル（複数可）",
    },
    "help.explain.severity": {
        "en": "how severe its sender calls it",
        "ja": "送信元の言う重大度",
    },
    "help.explain.rule": {"en": "the rule that fires", "ja": "発報したルールの名前"},
    "help.explain.source": {
        "en": "who sends it: alertmanager, cloud-monitoring, generic",
        "ja": "送信元: alertmanager、cloud-monitoring、generic",
    },
    "help.explain.at": {
        "en": "as if it came then: 2026-11-22T03:00, in the service's zone",
        "ja": "その時刻に届いたとして: 2026-11-22T03:00（サービスのタイムゾーン）",
    },
    "help.explain.expect": {
        "en": "end with 1 unless exactly these are called at first: person:hanako, channel:room, oncall:primary",
        "ja": "最初に呼ばれるのがちょうどこの相手でなければ終了コード 1: person:hanako、channel:room、oncall:primary",
    },
    "explain.bad-label": {
        "en": "{word!r} is no label: write NAME=VALUE",
        "ja": "{word!r} はラベルではありません。名前=値 と書いてください",
    },
    "explain.one-target": {
        "en": "{word!r} is no target: repeat the option for each (--expect person:hanako --expect channel:room)",
        "ja": "{word!r} は一つの呼び出し先ではありません。相手ごとにオプションを繰り返してください（--expect person:hanako --expect channel:room）",
    },
    "explain.no-service": {
        "en": "note: no service is called {service!r}, so that label decides nothing.{hint}",
        "ja": "注: サービス {service!r} はありません。このラベルでは決まりません。{hint}",
    },
    "explain.refused": {
        "en": "note: `toban check` finds {n:errors} ({file}:{line}): such a file is never applied, and what is in force may call others",
        "ja": "注: `toban check` のエラーが {n} 件あります（{file}:{line}）。このままでは反映されず、いま有効な内容では結果が異なることがあります",
    },
    "explain.service": {"en": "Service", "ja": "サービス"},
    "explain.and-why": {"en": "{what} ({why})", "ja": "{what}（{why}）"},
    "explain.because.label": {
        "en": "its label service says so",
        "ja": "ラベル service の指定どおり",
    },
    "explain.because.match": {"en": "its labels match", "ja": "ラベルが match に一致"},
    "explain.because.default": {
        "en": "no other service matches, and this one takes those",
        "ja": "ほかに一致するサービスがなく、既定の受け皿",
    },
    "explain.because.builtin": {
        "en": "no service matches, and none takes those: it goes to the log, and nobody is called",
        "ja": "一致するサービスも既定の受け皿もありません。ログに残るだけで、誰も呼ばれません",
    },
    "explain.severity": {"en": "Severity", "ja": "重大度"},
    "explain.word.unknown": {
        "en": "the service has no word {word!r}: taken as level 2, or the next worse one there is",
        "ja": "{word!r} という言葉はこのサービスにありません。レベル 2（なければ一つ重いもの）として扱います",
    },
    "explain.word.none": {
        "en": "none is said: taken as level 2, or the next worse one there is",
        "ja": "重大度の指定がありません。レベル 2（なければ一つ重いもの）として扱います",
    },
    "explain.environment": {"en": "Environment", "ja": "環境"},
    "explain.key": {"en": "Incident key", "ja": "インシデントのキー"},
    "explain.key.none": {
        "en": "none: the service has one incident",
        "ja": "なし（サービスで一つのインシデント）",
    },
    "explain.respond": {"en": "Response due", "ja": "応答期限"},
    "explain.by": {"en": "Judged by", "ja": "判定の基準"},
    "explain.files": {
        "en": "the files of {place}, applied or not",
        "ja": "{place} のファイル（反映済みかどうかは問わない）",
    },
    "explain.project": {
        "en": "what is in force in the project {place}",
        "ja": "プロジェクト {place} で有効な内容",
    },
    "what.expected": {
        "en": "target that could be called (person:ID, channel:ID, oncall:ROLE)",
        "ja": "呼び出し先（person:ID、channel:ID、oncall:役割）",
    },
    "explain.secrets": {"en": "Secrets needed", "ja": "必要なシークレット"},
    "explain.secrets.none": {"en": "none", "ja": "なし"},
    "explain.nobody-called": {
        "en": "In {environment} no person is called; channels get their message.",
        "ja": "{environment} では人を呼ばず、チャンネルにだけ知らせます。",
    },
    "explain.why.opened": {"en": "opened", "ja": "発生"},
    "explain.why.escalated": {"en": "step {n}, if nobody answers", "ja": "第 {n} 段階（応答なし）"},
    "explain.why.repeated": {"en": "again from the first step", "ja": "最初の段階からもう一度"},
    "explain.missing": {
        "en": "not called at first: {targets}",
        "ja": "最初に呼ばれていません: {targets}",
    },
    "explain.more": {
        "en": "called at first and not expected: {targets}",
        "ja": "予定になく最初に呼ばれます: {targets}",
    },
    "column.when": {"en": "WHEN", "ja": "いつ"},
    "column.occasion": {"en": "WHY", "ja": "理由"},
    "column.who": {"en": "WHO", "ja": "誰を"},
    "column.by": {"en": "BY", "ja": "手段"},
    "column.for": {"en": "AS", "ja": "指定"},
}
