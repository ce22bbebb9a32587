"""What an alert about backups says."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "backup.never": {"en": "none yet", "ja": "なし"},
    "backup.failed.title": {
        "en": "Backup failed: {source} ({class})",
        "ja": "バックアップ失敗: {source}（{class}）",
    },
    "backup.failed.take": {
        "en": "{backup} could not be taken: {reason}",
        "ja": "{backup} を取得できませんでした: {reason}",
    },
    "backup.failed.replicate": {
        "en": "{backup} could not be replicated: {reason}",
        "ja": "{backup} を複製できませんでした: {reason}",
    },
    "backup.failed.verify": {
        "en": "{backup} did not pass verification: {reason}",
        "ja": "{backup} の検証に失敗しました: {reason}",
    },
    "backup.failed.prune": {
        "en": "{backup} could not be removed: {reason}",
        "ja": "{backup} を削除できませんでした: {reason}",
    },
    "backup.failed.restore": {
        "en": "{backup} could not be restored: {reason}",
        "ja": "{backup} を復元できませんでした: {reason}",
    },
    "backup.copy.title": {
        "en": "Backup copies in trouble: {source} ({class}) in {region}",
        "ja": "バックアップのコピーに異常: {source}（{class}）{region}",
    },
    "backup.copy.summary": {
        "en": "{n} in {bucket} damaged, gone or unreadable; the newest of {backup}: {reason}",
        "ja": "{bucket} のコピー {n} 件が破損・消失・読み取り不能です。最新は {backup}: {reason}",
    },
    "backup.key.title": {
        "en": "Backups cannot be decrypted: key {key} is gone",
        "ja": "バックアップを復号できません: 鍵 {key} がありません",
    },
    "backup.key.summary": {
        "en": "{n:backups} cannot be restored without {key}: {backups}. Put the key back behind the first one of its secret, or enable its version in Cloud KMS; this closes by itself. Remove a key only when `toban backups rewrap` says so. ({reason})",
        "ja": "{n} 件のバックアップは {key} がないと復元できません: {backups}。鍵をシークレットの先頭以外の位置に戻すか、Cloud KMS でそのバージョンを有効にすると、自動で解消します。鍵を外すのは `toban backups rewrap` が不要と示してからにしてください（{reason}）",
    },
    "backup.overdue.title": {
        "en": "Backup overdue: {source} ({class})",
        "ja": "バックアップの遅れ: {source}（{class}）",
    },
    "backup.overdue.summary": {
        "en": "No verified backup for more than {allowed}. Last restore point: {last}",
        "ja": "検証済みのバックアップが {allowed} 以上ありません。最後の復元ポイント: {last}",
    },
    "backup.ahead.title": {
        "en": "Backup dated in the future: {source} ({class})",
        "ja": "未来の日付のバックアップ: {source}（{class}）",
    },
    "backup.ahead.summary": {
        "en": "A clock was ahead. {n} dated in the future, such as {backup} ({at}): they count for nothing, and retention keeps them. Remove one with: toban backups discard ID",
        "ja": "時計が進んでいました。未来の日付のバックアップ {n} 件（{backup}、{at} など）は有効なものとして数えず、保持ポリシーでも削除しません。削除するには: toban backups discard ID",
    },
    "backup.rpo.title": {
        "en": "Recovery point objective missed: {objective}",
        "ja": "RPO 未達: {objective}",
    },
    "backup.rpo.summary": {
        "en": "At most {rpo} may be lost; the newest verified restore point is {point}.",
        "ja": "目標は {rpo} 以内ですが、最新の検証済み復元ポイントは {point} です。",
    },
    "backup.rpo.none": {
        "en": "At most {rpo} may be lost, and there is no verified restore point yet.",
        "ja": "目標は {rpo} 以内ですが、検証済みの復元ポイントがまだ一つもありません。",
    },
    "backup.rto.title": {
        "en": "Recovery time objective missed: {objective}",
        "ja": "RTO 未達: {objective}",
    },
    "backup.rto.summary": {
        "en": "The restore test took {measured}; {rto} are promised.",
        "ja": "リストアテストに {measured} かかりました。目標は {rto} 以内です。",
    },
    "backup.untested.title": {
        "en": "{source}: restore test overdue",
        "ja": "{source}: リストアテストの遅れ",
    },
    "backup.untested.summary": {
        "en": "No restore test has passed since {last}.",
        "ja": "{last} 以降、成功したリストアテストがありません。",
    },
    "backup.unread.title": {
        "en": "Backups not read again: {source} in {region}",
        "ja": "バックアップの再読み取りの遅れ: {source} {region}",
    },
    "backup.unread.summary": {
        "en": "{n} in {bucket} not read back within {within}, so rot there would stay unnoticed; the one waiting longest was read at {last}. Read them with: toban backups verify ID",
        "ja": "{bucket} のコピー {n} 件が {within} 以内に読み返されておらず、破損していても気づけません。最も古い読み取りは {last} です。読み返すには: toban backups verify ID",
    },
    "backup.restore.test.title": {
        "en": "Restore test failed: {source}",
        "ja": "リストアテスト失敗: {source}",
    },
    "backup.restore.recovery.title": {"en": "Restore failed: {source}", "ja": "復元失敗: {source}"},
    "backup.restore.failed.asked": {
        "en": "{backup} ({region}), asked for by {who}: {reason}",
        "ja": "{backup}（{region}）{who} の依頼: {reason}",
    },
    "backup.restore.failed": {
        "en": "{backup} ({region}): {reason}",
        "ja": "{backup}（{region}）: {reason}",
    },
}

text: Final = Catalogue(TEXTS)
