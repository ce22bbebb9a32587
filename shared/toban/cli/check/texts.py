"""What `toban check` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.check": {
        "en": "prove the profiles; exit code 1 when one has errors",
        "ja": "プロファイルを検査（エラーがあれば終了コード 1）",
    },
    "help.check.store": {
        "en": "look at the store instead: what is wrong there and does not mend itself",
        "ja": "プロファイルではなく保存データを調べ、自然には直らない問題を挙げる",
    },
    "help.check.files": {
        "en": "files (default: all of --services)",
        "ja": "ファイル（既定: --services のすべて）",
    },
    "check.without-store": {
        "en": "Judged by the files alone: {why}",
        "ja": "ファイルだけで検査しました: {why}",
    },
    "check.good": {
        "en": "{n:profiles}, no errors, {warnings:warnings}.",
        "ja": "プロファイル {n} 件、エラーなし、警告 {warnings} 件。",
    },
    "check.store-good": {
        "en": "Nothing found ({n:checks} of the store).",
        "ja": "問題はありません（保存データの検査 {n} 件）。",
    },
    "check.store-or-files": {
        "en": "--store looks at the store, not at files: leave one of the two out",
        "ja": "--store は保存データを調べます。ファイルと同時には指定できません",
    },
    "check.unset": {
        "en": "{file}: {n:secrets} without a value on this machine: {words}",
        "ja": "{file}: このマシンに値のないシークレット {n} 件: {words}",
    },
    "check.unset.at": {
        "en": "TOBAN_SECRET_{name} (line {line})",
        "ja": "TOBAN_SECRET_{name}（{line} 行目）",
    },
    "check.error": {"en": "error", "ja": "エラー"},
    "check.warning": {"en": "warning", "ja": "警告"},
    "check.backup-locked": {
        "en": "Backup of {at} cannot be decrypted: the key {needed} is gone",
        "ja": "{at} のバックアップを復号できません。鍵 {needed} がありません",
    },
    "check.backup-locked.do": {
        "en": "put the key back behind the first one of its secret; then `toban backups rewrap`",
        "ja": "鍵をシークレットの先頭以外の位置に戻し、`toban backups rewrap` を実行してください",
    },
    "check.backup-damaged": {
        "en": "the copy in {bucket} of the backup of {at} is damaged: {why}",
        "ja": "{at} のバックアップの {bucket} のコピーが破損しています: {why}",
    },
    "check.backup-damaged.do": {
        "en": "toban backups replicate {id}: another copy is whole",
        "ja": "toban backups replicate {id}（ほかのコピーは無事です）",
    },
    "check.backup-lost": {
        "en": "the copy in {bucket} of the backup of {at} is damaged, and no other is whole: {why}",
        "ja": "{at} のバックアップの {bucket} のコピーが破損し、無事なコピーがほかにありません: {why}",
    },
    "check.backup-lost.do": {
        "en": "if it is only out of reach, toban backups verify {id}; else it cannot be restored: see what came before and after it",
        "ja": "一時的に読めないだけなら toban backups verify {id}。そうでなければリストアできません。前後のバックアップを確かめてください",
    },
    "check.backup-unreadable": {
        "en": "the copy in {bucket} of the backup of {at} could not be read: {why}",
        "ja": "{at} のバックアップの {bucket} のコピーを読めませんでした: {why}",
    },
    "check.backup-unreadable.do": {
        "en": "when the bucket answers again: toban backups verify {id}",
        "ja": "バケットが応答するようになってから: toban backups verify {id}",
    },
    "check.backup-ahead": {
        "en": "a backup dated in the future: {at}",
        "ja": "未来の日付のバックアップ: {at}",
    },
    "check.backup-ahead.do": {
        "en": "correct the clock, then: toban backups discard {id}",
        "ja": "時計を直してから: toban backups discard {id}",
    },
    "check.incident-silent": {
        "en": "nobody will hear of it again (last call {at}): {title}",
        "ja": "今後誰にも知らされません（最後の呼び出し {at}）: {title}",
    },
    "check.incident-silent.do": {
        "en": "toban incidents ack {id}, or resolve it",
        "ja": "toban incidents ack {id}（または解決済みにする）",
    },
    "check.incident-left-open": {
        "en": "the end of its alerts ({n}) may have been lost (since {at}): {title}",
        "ja": "アラート {n} 件の解決が失われたおそれがあります（{at} から）: {title}",
    },
    "check.incident-left-open.do": {
        "en": "if the monitor says that it is over: toban incidents resolve {id}",
        "ja": "監視側で解消していれば: toban incidents resolve {id}",
    },
    "check.person-never": {
        "en": "{name} may be called ({channels}) and has never answered a test page",
        "ja": "{name} は呼び出し対象（{channels}）ですが、テスト呼び出しに応答したことがありません",
    },
    "check.person-never.do": {
        "en": "toban test-page {person} --service {service}, and have them answer it",
        "ja": "toban test-page {person} --service {service} を実行し、本人に応答してもらってください",
    },
    "check.person-changed": {
        "en": "{name} is called by another way ({channels}) since they answered a test page",
        "ja": "{name} の連絡方法（{channels}）が、テスト呼び出しへの応答後に変わっています",
    },
    "check.person-changed.do": {
        "en": "toban test-page {person} --service {service}, and have them answer it",
        "ja": "toban test-page {person} --service {service} を実行し、本人に応答してもらってください",
    },
    "column.what": {"en": "WHAT", "ja": "内容"},
    "column.do": {"en": "WHAT TO DO", "ja": "対処"},
    "check.bad": {
        "en": "{errors:errors}, {warnings:warnings}.",
        "ja": "エラー {errors} 件、警告 {warnings} 件。",
    },
}
