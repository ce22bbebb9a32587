"""What `toban backups` says."""

from __future__ import annotations

from typing import Final, Literal

BACKUPS: Final[dict[str, dict[Literal["en", "ja"], str]]] = {
    "help.backups": {
        "en": "backups: what there is, what is kept",
        "ja": "バックアップの一覧と保持",
    },
    "help.backups.retention": {
        "en": "what a retention policy would keep of a catalogue, and why (changes nothing)",
        "ja": "保持ポリシーで何が残るかを理由付きで表示（何も変更しない）",
    },
    "help.backups.policy": {
        "en": "JSON file with daily, weekly, monthly, yearly, keep_days, zone, minimum_verified",
        "ja": "ポリシーの JSON ファイル（daily、weekly、monthly、yearly、keep_days、zone、minimum_verified）",
    },
    "help.backups.catalog": {
        "en": "JSON file: an array as of `toban backups list --json`; id, status and started_at are required",
        "ja": "`toban backups list --json` と同じ形の JSON ファイル（必須: id、status、started_at）",
    },
    "help.backups.now": {
        "en": "the time to decide at (default: now); without a zone, in that of the policy",
        "ja": "判断する時刻（既定: 現在）。ゾーンがなければポリシーのもの",
    },
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
    "bad.twice": {
        "en": "the id {id} occurs twice",
        "ja": "ID {id} が二度現れます",
    },
    "bad.moment": {
        "en": "{moment} is outside of 1900 to 9000",
        "ja": "{moment} は 1900 年から 9000 年の外です",
    },
    "bad.policy.empty": {
        "en": "{where}: it keeps nothing; set one of daily, weekly, monthly, yearly, keep_days",
        "ja": "{where}: 何も残りません。daily、weekly、monthly、yearly、keep_days のどれかを指定してください",
    },
    "bad.zone": {"en": "no such time zone: {zone}", "ja": "タイムゾーンがありません: {zone}"},
    "column.series": {"en": "SERIES", "ja": "系列"},
    "column.started": {"en": "STARTED", "ja": "開始"},
    "column.keep": {"en": "KEEP", "ja": "保持"},
    "column.why": {"en": "WHY", "ja": "理由"},
    "keep.yes": {"en": "keep", "ja": "残す"},
    "keep.no": {"en": "remove", "ja": "削除"},
    "retention.none": {"en": "The catalogue is empty.", "ja": "カタログは空です。"},
    "retention.sum": {
        "en": "{kept} of {n} kept; {gone} would go ({bytes} bytes).",
        "ja": "{n} 件のうち {kept} 件を残し、{gone} 件を削除します（{bytes} バイト）。",
    },
    "backup.running": {"en": "running", "ja": "実行中"},
    "backup.finished": {"en": "finished", "ja": "未検証"},
    "backup.verified": {"en": "verified", "ja": "検証済み"},
    "backup.unchanged": {"en": "unchanged", "ja": "変更なし"},
    "backup.partial": {"en": "partial", "ja": "一部のみ"},
    "backup.failed": {"en": "failed", "ja": "失敗"},
    "backup.deleting": {"en": "deleting", "ja": "削除中"},
    "backup.deleted": {"en": "deleted", "ja": "削除済み"},
    # --- reasons: `toban.backups.policy.retention_terms.WORDS` in both languages ------------------------
    "keep.daily": {"en": "daily {detail}", "ja": "日次 {detail}"},
    "keep.weekly": {"en": "weekly {detail}", "ja": "週次 {detail}"},
    "keep.monthly": {"en": "monthly {detail}", "ja": "月次 {detail}"},
    "keep.yearly": {"en": "yearly {detail}", "ja": "年次 {detail}"},
    "keep.oldest": {
        "en": "oldest, {detail} slots open",
        "ja": "最古（{detail} の枠に空き）",
    },
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
    "keep.newer": {
        "en": "newer than the newest verified",
        "ja": "最新の検証済みより新しい",
    },
    "keep.none-verified": {"en": "no verified backup", "ja": "検証済みがまだない"},
    "keep.unknown-base": {
        "en": "builds on {detail}, which is unknown",
        "ja": "土台の {detail} が不明",
    },
    "keep.unsettled": {
        "en": "may be whole or mended ({detail})",
        "ja": "復旧できる可能性あり（{detail}）",
    },
    "keep.unsettled.unnamed": {
        "en": "may be whole or mended",
        "ja": "復旧できる可能性あり",
    },
    "keep.unchanged": {"en": "unchanged", "ja": "変更なし"},
    "keep.no-rule": {"en": "no rule keeps it", "ja": "残す規則がない"},
    "keep.older": {
        "en": "{detail}, a newer one is verified",
        "ja": "{detail}（より新しい検証済みがある）",
    },
    "keep.long-failed": {"en": "failed more than 30 days ago", "ja": "30日より前に失敗"},
    "keep.long-unchanged": {
        "en": "unchanged, more than 30 days ago",
        "ja": "30日より前、変更なし",
    },
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
}
