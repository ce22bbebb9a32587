"""What `toban backups list`, `show`, `rpo` and `rebuild-catalog` say."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "column.level": {"en": "LEVEL", "ja": "検証レベル"},
    "column.regions": {"en": "REGIONS", "ja": "リージョン"},
    "column.pinned": {"en": "PINNED", "ja": "固定"},
    "column.objective": {"en": "OBJECTIVE", "ja": "目標"},
    "column.age": {"en": "AT RISK", "ja": "失われうる期間"},
    "column.rpo": {"en": "RPO", "ja": "RPO"},
    "column.rpo-status": {"en": "POINT", "ja": "復元ポイント"},
    "column.took": {"en": "MEASURED", "ja": "実測"},
    "column.rto": {"en": "RTO", "ja": "RTO"},
    "column.rto-status": {"en": "TIME", "ja": "復旧時間"},
    "backups.none-like-that": {
        "en": "No backup is like that. All of them: toban backups list --all",
        "ja": "当てはまるバックアップはありません。すべて表示: toban backups list --all",
    },
    "backups.nobody": {
        "en": "No applied profile has backups (see docs/profile.md).",
        "ja": "バックアップを設定したプロファイルは反映されていません（docs/profile.ja.md）。",
    },
    "backups.pinned": {"en": "pinned", "ja": "固定"},
    "backups.show.environment": {"en": "Environment", "ja": "環境"},
    "backups.show.series": {"en": "Series", "ja": "系列"},
    "backups.show.point": {"en": "Restore point", "ja": "復元ポイント"},
    "backups.show.started": {"en": "Started", "ja": "開始"},
    "backups.show.finished": {"en": "Finished", "ja": "完了"},
    "backups.show.verified": {"en": "Verified", "ja": "検証"},
    "backups.show.deleted": {"en": "Deleted", "ja": "削除"},
    "backups.show.by": {"en": "Asked for by", "ja": "依頼者"},
    "backups.show.reason": {"en": "Reason", "ja": "理由"},
    "backups.show.size": {"en": "Size", "ja": "サイズ"},
    "backups.show.counts": {"en": "Counted", "ja": "件数"},
    "backups.show.key": {"en": "Key", "ja": "鍵"},
    "backups.show.unencrypted": {"en": "not encrypted by us", "ja": "toban では暗号化していません"},
    "backups.show.needs": {"en": "Builds on", "ja": "もとになるもの"},
    "backups.show.needed-by": {"en": "Needed by", "ja": "必要とするもの"},
    "backups.show.restores": {"en": "Being restored", "ja": "リストア中"},
    "backups.show.pinned": {"en": "Pinned by", "ja": "固定した人"},
    "backups.show.retention": {"en": "Retention", "ja": "保持ポリシー"},
    "backups.show.copies": {"en": "Copies", "ja": "コピー"},
    "backups.show.tests": {"en": "Restore tests", "ja": "リストアテスト"},
    "backups.show.jobs": {"en": "Work", "ja": "作業"},
    "backups.failed-removed": {"en": "failed, removed", "ja": "失敗（削除済み）"},
    "backups.unreadable": {"en": "cannot be restored", "ja": "復元不可"},
    "backups.held": {"en": "locked, to be deleted", "ja": "ロック中（削除待ち）"},
    "backups.partly": {"en": "verified {n}/{m}", "ja": "一部検証済み {n}/{m}"},
    "backups.copy.damaged": {"en": "damaged: {why}", "ja": "破損: {why}"},
    "backups.copy.gone": {"en": "gone: {why}", "ja": "消失: {why}"},
    "backups.copy.unreadable": {"en": "could not be read: {why}", "ja": "読み取り不能: {why}"},
    "backups.copy.held": {
        "en": "locked and still whole; deleted once that is over: {why}",
        "ja": "ロック中のため完全な形で残っています。解除後に削除します: {why}",
    },
    "backups.copy.held-rest": {
        "en": "partly deleted, the rest is locked: {why}",
        "ja": "一部は削除済みで、残りはロック中です: {why}",
    },
    "backups.copy.missing": {"en": "not complete", "ja": "未完了"},
    "backups.copy.unread": {"en": "complete, not read back yet", "ja": "完了、未検証"},
    "backups.copy.verified": {"en": "verified ({level}) {at}", "ja": "検証済み（{level}） {at}"},
    "backups.test.passed": {"en": "passed", "ja": "合格"},
    "backups.test.failed": {"en": "failed", "ja": "不合格"},
    "backups.job.over": {"en": "over", "ja": "終了"},
    "backups.job.failed": {"en": "failed", "ja": "失敗"},
    "backups.job.going": {"en": "under way", "ja": "進行中"},
    "run.failed": {"en": "{id}: {status}: {reason}", "ja": "{id}: {status}: {reason}"},
    "objective.met": {"en": "met", "ja": "達成"},
    "objective.missed": {"en": "missed", "ja": "未達"},
    "objective.unreachable": {"en": "unreachable", "ja": "計画上達成不可"},
    "objective.untested": {"en": "untested", "ja": "未テスト"},
    "objective.not-watched": {"en": "-", "ja": "-"},
    "rpo.no-point": {"en": "everything", "ja": "すべて"},
    "rpo.none": {
        "en": "The profiles name no objectives.",
        "ja": "プロファイルに目標がありません。",
    },
    "rpo.never": {"en": "never", "ja": "なし"},
    "rpo.good": {
        "en": "Everything that was promised holds.",
        "ja": "約束した目標はすべて守られています。",
    },
    "rpo.unmeasured": {
        "en": "Nothing is missed; an untested recovery time is unknown until a restore test (`restore_test` in the profile): toban backups test SERVICE SOURCE",
        "ja": "守れていない目標はありません。未テストの復旧時間はリストアテスト（プロファイルの restore_test）で測ります: toban backups test サービス 対象",
    },
    "rpo.unreachable": {
        "en": "{service}: {objective}: not kept, and no schedule of the profile can keep it; shorten a plan's interval or change the RPO",
        "ja": "{service}: {objective}: 守れておらず、今の計画のスケジュールでは守れません。間隔を短くするか、RPO を見直してください",
    },
    "rpo.overdue": {
        "en": "{series}: overdue; last success {last}, at most {allowed} apart",
        "ja": "{series}: 遅れています。前回の成功 {last}、許される間隔 {allowed}",
    },
    "rpo.untested": {
        "en": "{source}: no restore test has passed since {since}",
        "ja": "{source}: {since} からリストアテストの合格がありません",
    },
    "rpo.unread": {
        "en": "{source}: {n} in {bucket} not read back in time; the one waiting longest was read at {last}",
        "ja": "{source}: {bucket} のコピー {n} 件が期限内に読み返されていません。最も古い読み取りは {last}",
    },
    "rpo.rereads": {
        "en": "{service}: about {size} of old backups are read again each week, every copy within {within}.",
        "ja": "{service}: 毎週およそ {size} の古いバックアップを読み返し、どのコピーも {within} 以内に一巡します。",
    },
    "rebuild.created": {"en": "entered", "ja": "登録"},
    "rebuild.extended": {"en": "copy added", "ja": "コピーを追加"},
    "rebuild.known": {"en": "known", "ja": "登録済み"},
    "rebuild.removed": {"en": "being deleted", "ja": "削除済み"},
    "rebuild.no-buckets": {
        "en": "no applied profile names a destination; name a bucket with --bucket",
        "ja": "保存先のあるプロファイルが反映されていません。--bucket で指定してください",
    },
    "rebuild.apply-first": {
        "en": "there is nothing in {data}; first the profiles, which name the keys: toban apply",
        "ja": "{data} には何もありません。先に鍵を指すプロファイルを反映してください: toban apply",
    },
    "rebuild.empty": {
        "en": "no manifest of a backup lies in {buckets}",
        "ja": "{buckets} にバックアップのマニフェストがありません",
    },
    "rebuild.skipped": {"en": "skipped in {bucket}: {reason}", "ja": "{bucket} で見送り: {reason}"},
    "rebuild.unreadable": {"en": "cannot be read: {error}", "ja": "読めません: {error}"},
    "rebuild.unplanned": {
        "en": "its profile has no such plan: add it to verify and restore",
        "ja": "プロファイルに計画がありません。検証と復元には追加が必要です",
    },
    "rebuild.unverified": {"en": "did not pass verification", "ja": "検証に合格していません"},
    "rebuild.done": {
        "en": "{new} of {n:backups} entered; {skipped:manifests} skipped, {unfinished} without a manifest.",
        "ja": "{n} 件のうち {new} 件を登録しました。見送ったマニフェスト {skipped} 件、マニフェストのないもの {unfinished} 件。",
    },
    "rebuild.would": {
        "en": "{new} of {n:backups} would be entered; {skipped:manifests} skipped, {unfinished} without a manifest. Nothing was written.",
        "ja": "{n} 件のうち {new} 件が登録されます。見送るマニフェスト {skipped} 件、マニフェストのないもの {unfinished} 件。何も書き込んでいません。",
    },
}
