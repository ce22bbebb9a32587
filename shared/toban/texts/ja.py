"""Japanese."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "unit.days": "{n}日",
    "unit.hours": "{n}時間",
    "unit.minutes": "{n}分",
    "unit.seconds": "{n}秒",
    # --- notifications: what happened -----------------------------------------------------
    "notify.kind.opened": "インシデント発生",
    "notify.kind.escalated": "エスカレーション",
    "notify.kind.raised": "重大度が上がりました",
    "notify.kind.joined": "別のアラートが加わりました",
    "notify.kind.reopened": "インシデント再開",
    "notify.kind.acknowledged": "対応中",
    "notify.kind.resolved": "解決済み",
    "notify.headline": "{severity} {kind}: {title}",
    "notify.subject": "[{service}] {severity} {kind}: {title}",
    # --- notifications: fields ------------------------------------------------------------
    "notify.field.service": "サービス",
    "notify.field.severity": "重大度",
    "notify.field.opened": "発生",
    "notify.field.acknowledged": "確認",
    "notify.field.resolved": "解決",
    "notify.field.assignee": "担当",
    "notify.field.rules": "ルール",
    "notify.field.labels": "ラベル",
    "notify.field.links": "リンク",
    "notify.field.number": "番号",
    "notify.took": "{moment}（{duration}）",
    "notify.by": "{moment}（{who}）",
    "notify.by_took": "{moment}（{who}、{duration}）",
    "notify.automatic": "自動",
    # --- notifications: what next ---------------------------------------------------------
    "notify.next": "次に",
    "notify.next.deadline": "{deadline} までに確認がなければ、次の段階へエスカレーションします。",
    "notify.next.acknowledge": "確認（acknowledge）するとエスカレーションが止まります。",
    "notify.next.last": "確認（acknowledge）して対応を始めてください。",
    "notify.next.acknowledged": "対応が終わったら解決（resolve）してください。",
    "notify.next.resolved": "再発したら自動的に再開します。",
    "notify.next.postmortem": "ポストモーテムが必要です。下書きを用意しています。",
    "notify.target": "応答目標: {duration}以内（{deadline} まで）",
    "notify.action.acknowledge": "確認する",
    "notify.action.resolve": "解決にする",
    "notify.unreached": "届かなかった宛先: {who}",
    "notify.fallback": "先の経路で届かなかったため、この経路で送っています。",
    "notify.repetition": "再送の可能性があります（#{number}）。すでに受け取っていれば無視してください。",
    "notify.footer": "toban の自動通知です。",
    "notify.footer.person": "{name} さん宛ての toban の自動通知です。",
    # --- pages that reach nobody ----------------------------------------------------------
    "page.no-targets": "重大度 {severity} の連絡先が決められていません",
    "page.unreached": "{target}: {reason}",
}
