"""What `toban backups pin`, `prune`, `discard` and `retention` say."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "bad.object": {
        "en": "{where}: expected one JSON object",
        "ja": "{where}: JSON オブジェクトをひとつ書きます",
    },
    "bad.array": {
        "en": "{where}: expected a JSON array of backups",
        "ja": "{where}: バックアップの JSON 配列を書きます",
    },
    "bad.field": {"en": "{where}: {path}: {error}", "ja": "{where}: {path}: {error}"},
    "bad.key": {
        "en": "{where}: {path}: no such key.{hint}",
        "ja": "{where}: {path}: そのようなキーはありません。{hint}",
    },
    "bad.twice": {"en": "the id {id} occurs twice", "ja": "ID {id} が二度現れます"},
    "bad.moment": {
        "en": "{moment} is outside of 1900 to 9000",
        "ja": "{moment} は 1900 年から 9000 年の外です",
    },
    "bad.policy.empty": {
        "en": "{where}: it keeps nothing; set one of daily, weekly, monthly, yearly, keep_days",
        "ja": "{where}: 何も残りません。daily、weekly、monthly、yearly、keep_days のどれかを指定してください",
    },
    "bad.zone": {"en": "no such time zone: {zone}", "ja": "タイムゾーンがありません: {zone}"},
    "column.keep": {"en": "KEEP", "ja": "保持"},
    "column.why": {"en": "WHY", "ja": "理由"},
    "keep.yes": {"en": "keep", "ja": "残す"},
    "keep.record": {"en": "keep the record", "ja": "記録を残す"},
    "keep.no": {"en": "remove", "ja": "削除"},
    "retention.none": {"en": "The catalogue is empty.", "ja": "カタログは空です。"},
    "retention.sum": {
        "en": "{kept} of {n} kept; {gone} would go ({bytes:bytes}).",
        "ja": "{n} 件のうち {kept} 件を残し、{gone} 件を削除します（{bytes} バイト）。",
    },
    "keep.daily": {"en": "daily {detail}", "ja": "日次 {detail}"},
    "keep.weekly": {"en": "weekly {detail}", "ja": "週次 {detail}"},
    "keep.monthly": {"en": "monthly {detail}", "ja": "月次 {detail}"},
    "keep.yearly": {"en": "yearly {detail}", "ja": "年次 {detail}"},
    "keep.oldest": {"en": "oldest, {detail:slots} open", "ja": "最古（{detail} の枠に空き）"},
    "keep.window": {"en": "window", "ja": "保持期間内"},
    "keep.before-window": {"en": "newest before window", "ja": "保持期間の直前"},
    "keep.minimum": {"en": "minimum verified ({detail})", "ja": "検証済みの最低数（{detail}）"},
    "keep.minimum.unnamed": {"en": "minimum verified", "ja": "検証済みの最低数"},
    "keep.forever": {"en": "forever", "ja": "無期限"},
    "keep.pinned": {"en": "pinned", "ja": "固定"},
    "keep.restoring": {"en": "being restored", "ja": "リストア中"},
    "keep.needed": {"en": "needed by {detail}", "ja": "{detail} が必要とする"},
    "keep.future": {"en": "future", "ja": "未来の時刻"},
    "keep.running": {"en": "running", "ja": "実行中"},
    "keep.no-policy": {"en": "no policy", "ja": "ポリシーなし"},
    "keep.unverified": {"en": "not verified yet", "ja": "検証待ち"},
    "keep.newer": {"en": "newer than the newest verified", "ja": "最新の検証済みより新しい"},
    "keep.none-verified": {"en": "no verified backup", "ja": "検証済みがまだない"},
    "keep.unknown-base": {
        "en": "builds on {detail}, which is unknown",
        "ja": "もとになる {detail} が不明",
    },
    "keep.unsettled": {
        "en": "may be whole or mended ({detail})",
        "ja": "復旧できる可能性あり（{detail}）",
    },
    "keep.unsettled.unnamed": {"en": "may be whole or mended", "ja": "復旧できる可能性あり"},
    "keep.unchanged": {"en": "unchanged", "ja": "変更なし"},
    "keep.no-rule": {"en": "no rule keeps it", "ja": "残す規則がない"},
    "keep.older": {
        "en": "{detail}, a newer one is verified",
        "ja": "{detail}（より新しい検証済みがある）",
    },
    "keep.long-failed": {"en": "failed more than 30 days ago", "ja": "30日より前に失敗"},
    "keep.long-unchanged": {"en": "unchanged, more than 30 days ago", "ja": "30日より前、変更なし"},
    "keep.discarded": {"en": "discarded by {detail}", "ja": "{detail} が破棄"},
    "keep.deleting": {"en": "being deleted", "ja": "削除中"},
    "keep.deleted": {"en": "deleted", "ja": "削除済み"},
    "detail.daily": {"en": "daily", "ja": "日次"},
    "detail.weekly": {"en": "weekly", "ja": "週次"},
    "detail.monthly": {"en": "monthly", "ja": "月次"},
    "detail.yearly": {"en": "yearly", "ja": "年次"},
    "detail.failed": {"en": "failed", "ja": "失敗"},
    "detail.partial": {"en": "partial", "ja": "一部のみ"},
    "detail.never verified": {"en": "never verified", "ja": "未検証"},
    "detail.cannot be restored": {"en": "cannot be restored", "ja": "リストアできない"},
    "follow.prune": {"en": "removing", "ja": "削除"},
    "prune.waits": {
        "en": "nothing was removed: the clock leapt, or nothing ran for a day; pruning waits until {until}",
        "ja": "何も削除していません。時計が飛んだか、一日何も動いていませんでした。{until} まで待ちます",
    },
    "pin.done": {"en": "{id} stays until it is unpinned", "ja": "{id} を固定しました"},
    "pin.undone": {"en": "{id}: retention decides again", "ja": "{id} の固定を解除しました"},
    "pin.refused": {
        "en": "{id} is {status}: it is too late to pin it",
        "ja": "{id} は{status}です。固定できません",
    },
    "prune.sum": {
        "en": "{kept} kept; {gone} may go ({size}), {now} of them in the next run.",
        "ja": "{kept} 件を残し、{gone} 件を削除できます（{size}）。次の回は {now} 件です。",
    },
    "prune.ask": {
        "en": "Remove {n:backups} ({size}) for good? [y/N] ",
        "ja": "{n} 件（{size}）を完全に削除しますか [y/N] ",
    },
    "prune.done": {"en": "{n} removed.", "ja": "{n} 件を削除しました。"},
    "discard.ask": {
        "en": "Remove {id} ({size}), dated {at}, for good? [y/N] ",
        "ja": "{at} の日付の {id}（{size}）を完全に削除しますか [y/N] ",
    },
    "discard.not-ahead": {
        "en": "{id} is not dated in the future: retention decides about it",
        "ja": "{id} の日付は未来ではありません。保持ポリシーが判断します",
    },
    "prune.left": {
        "en": "still there: {n} (kept after all, or locked): {words}",
        "ja": "{n} 件が残っています（残すことになったか、ロックされています）: {words}",
    },
}
