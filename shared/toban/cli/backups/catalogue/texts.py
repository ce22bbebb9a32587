"""What the commands about the catalogue of backups say."""

from __future__ import annotations

from typing import Final, Literal

CATALOGUE: Final[dict[str, dict[Literal["en", "ja"], str]]] = {
    "what.backup": {"en": "backup", "ja": "バックアップ"},
    "what.source": {"en": "source", "ja": "対象"},
    "what.class": {"en": "class", "ja": "クラス"},
    "ask.nobody": {
        "en": "nobody is there to ask; say --yes",
        "ja": "確認できる端末がありません。--yes を付けてください",
    },
    "ask.kept": {"en": "Nothing was done.", "ja": "何もしませんでした。"},
    "column.level": {"en": "LEVEL", "ja": "検証"},
    "column.regions": {"en": "REGIONS", "ja": "リージョン"},
    "column.size": {"en": "SIZE", "ja": "サイズ"},
    "column.pinned": {"en": "PINNED", "ja": "固定"},
    "column.objective": {"en": "OBJECTIVE", "ja": "目標"},
    "column.age": {"en": "AT RISK", "ja": "失われうる量"},
    "column.rpo": {"en": "RPO", "ja": "RPO"},
    "column.rpo-status": {"en": "POINT", "ja": "復元点"},
    "column.took": {"en": "MEASURED", "ja": "実測"},
    "column.rto": {"en": "RTO", "ja": "RTO"},
    "column.rto-status": {"en": "TIME", "ja": "復旧時間"},
    "level.objects": {"en": "objects", "ja": "有無"},
    "level.checksums": {"en": "checksums", "ja": "チェックサム"},
    "level.content": {"en": "content", "ja": "内容"},
    "level.format": {"en": "format", "ja": "形式"},
    "level.restored": {"en": "restored", "ja": "リストア済み"},
    "backup.unknown": {"en": "unknown", "ja": "不明"},
    "backups.inactive": {
        "en": "{service} has no backups in its profile; there are: {words}",
        "ja": "{service} のプロファイルにはバックアップの設定がありません。あるもの: {words}",
    },
    "backups.unplanned": {
        "en": "no plan of the profile backs up {source}",
        "ja": "{source} をバックアップする計画がプロファイルにありません",
    },
    "backups.which-class": {
        "en": "{source} is backed up in several classes; say which: {words}",
        "ja": "{source} には複数のクラスがあります。指定してください: {words}",
    },
    "backups.none": {
        "en": "No backups yet. To take one: toban backups run SERVICE SOURCE",
        "ja": "バックアップはまだありません。取得するには: toban backups run サービス 対象",
    },
    "backups.none-like-that": {
        "en": "No backup is like that. All of them: toban backups list --all",
        "ja": "当てはまるバックアップはありません。すべて表示: toban backups list --all",
    },
    "backups.nobody": {
        "en": "No applied profile has backups (see docs/profile.md).",
        "ja": "バックアップを設定したプロファイルは反映されていません（docs/profile.ja.md）。",
    },
    "backups.pinned": {"en": "pinned", "ja": "固定"},
    "backups.show.series": {"en": "Series", "ja": "系列"},
    "backups.show.point": {"en": "Restore point", "ja": "復元点"},
    "backups.show.started": {"en": "Started", "ja": "開始"},
    "backups.show.finished": {"en": "Finished", "ja": "完了"},
    "backups.show.verified": {"en": "Verified", "ja": "検証"},
    "backups.show.deleted": {"en": "Deleted", "ja": "削除"},
    "backups.show.by": {"en": "Asked for by", "ja": "依頼者"},
    "backups.show.reason": {"en": "Reason", "ja": "理由"},
    "backups.show.size": {"en": "Size", "ja": "サイズ"},
    "backups.show.size.value": {
        "en": "{stored} stored; {items} items, {parts} parts, a stream of {plain}",
        "ja": "保存 {stored}、{items} 項目、{parts} 部分、ストリーム {plain}",
    },
    "backups.show.counts": {"en": "Counted", "ja": "件数"},
    "backups.show.key": {"en": "Key", "ja": "鍵"},
    "backups.show.unencrypted": {"en": "not encrypted by us", "ja": "toban では暗号化していません"},
    "backups.show.needs": {"en": "Builds on", "ja": "土台"},
    "backups.show.needed-by": {"en": "Needed by", "ja": "必要とするもの"},
    "backups.show.restores": {"en": "Being restored", "ja": "リストア中"},
    "backups.show.pinned": {"en": "Pinned by", "ja": "固定した人"},
    "backups.show.retention": {"en": "Retention", "ja": "保持"},
    "backups.show.copies": {"en": "Copies", "ja": "コピー"},
    "backups.show.tests": {"en": "Restore tests", "ja": "リストアテスト"},
    "backups.show.jobs": {"en": "Work", "ja": "作業"},
    "backups.partly": {"en": "verified {n}/{m}", "ja": "一部検証済み {n}/{m}"},
    "backups.copy.damaged": {"en": "damaged: {why}", "ja": "破損: {why}"},
    "backups.copy.gone": {"en": "gone: {why}", "ja": "消失: {why}"},
    "backups.copy.unreadable": {"en": "could not be read: {why}", "ja": "読み取り不能: {why}"},
    "backups.copy.missing": {"en": "not complete", "ja": "未完了"},
    "backups.copy.unread": {"en": "complete, not read back yet", "ja": "完了、未検証"},
    "backups.copy.verified": {
        "en": "verified ({level}) {at}",
        "ja": "検証済み（{level}） {at}",
    },
    "backups.test.passed": {"en": "passed", "ja": "合格"},
    "backups.test.failed": {"en": "failed", "ja": "不合格"},
    "backups.job.over": {"en": "over", "ja": "終了"},
    "backups.job.going": {"en": "under way", "ja": "進行中"},
    "stage.take": {"en": "reading and storing", "ja": "読み取り・保存"},
    "stage.replicate": {"en": "replicating", "ja": "複製"},
    "stage.verify": {"en": "reading back", "ja": "検証"},
    "stage.prune": {"en": "removing", "ja": "削除"},
    "follow.begin": {"en": "waiting for it to begin", "ja": "開始待ち"},
    "follow.next": {"en": "waiting for the next step", "ja": "次の段階を待機中"},
    "follow.prune": {"en": "removing", "ja": "削除"},
    "follow.load": {"en": "loading", "ja": "読み込み"},
    "follow.check": {"en": "checking", "ja": "確認"},
    "follow.goes-on": {
        "en": "It goes on in `toban dev`. To see how far it is: {command}",
        "ja": "`toban dev` が続けています。進行を見るには: {command}",
    },
    "follow.resumes": {
        "en": "Stopped here. `toban dev` goes on from where it was, and so does: {command}",
        "ja": "ここで中断しました。続きは `toban dev` か次のコマンドが行います: {command}",
    },
    "follow.stopped": {
        "en": "{id}: nobody goes on with it; see `toban dead list`, `toban parked list` and `toban backups show {id}`",
        "ja": "{id}: 続きを行うものがありません。`toban dead list`、`toban parked list`、`toban backups show {id}` を見てください",
    },
    "follow.never-began": {
        "en": "{id} did not begin; see `toban dead list` and `toban parked list`",
        "ja": "{id} は始まりませんでした。`toban dead list` と `toban parked list` を見てください",
    },
    "run.already": {
        "en": "One is being taken already: {id}",
        "ja": "すでに取得中です: {id}",
    },
    "run.joined": {
        "en": "It was being taken already; this request started none of its own.",
        "ja": "すでに取得中だったもので、この依頼では新しく始めていません。",
    },
    "run.nothing": {
        "en": "nothing was started: {reason}",
        "ja": "何も始まりませんでした: {reason}",
    },
    "run.nothing.taken": {
        "en": "{id}: it, or a later one, was taken already",
        "ja": "{id}: これか、これより新しいものがすでに取得されています",
    },
    "run.nothing.no-plan": {
        "en": "the applied profile has no such plan any more",
        "ja": "適用中のプロファイルにその計画はもうありません",
    },
    "run.nothing.no-slot": {
        "en": "the schedule of the plan has no slot yet",
        "ja": "計画のスケジュールにはまだ一度も時刻が来ていません",
    },
    "prune.waits": {
        "en": "nothing was removed: the clock leapt, or nothing ran for a day; pruning waits until {until}",
        "ja": "何も削除していません。時計が飛んだか、一日何も動いていませんでした。{until} まで待ちます",
    },
    "run.queued": {
        "en": "Asked for: {id}\n  follow it: {command}",
        "ja": "依頼しました: {id}\n  経過を見る: {command}",
    },
    "run.nobody": {
        "en": "nobody works on {data} now; it begins with `toban dev`, or without --no-wait",
        "ja": "{data} ではいま何も動いていません。`toban dev` を始めるか、--no-wait なしで実行してください",
    },
    "run.failed": {
        "en": "{id}: {status}: {reason}",
        "ja": "{id}: {status}: {reason}",
    },
    "run.done": {
        "en": "{id}: verified ({level}) in {regions}; {size} in {duration}",
        "ja": "{id}: 検証済み（{level}） {regions}、{size}、{duration}",
    },
    "verify.done": {
        "en": "{id}: every copy was read back ({regions})",
        "ja": "{id}: すべてのコピーを読み戻しました（{regions}）",
    },
    "verify.impossible": {
        "en": "{id} is {status}: there is nothing to read back",
        "ja": "{id} は{status}です。読み戻すものがありません",
    },
    "verify.incomplete": {
        "en": "{id} is not complete in {buckets}; first: toban backups replicate {id}",
        "ja": "{id} は {buckets} に揃っていません。先に: toban backups replicate {id}",
    },
    "verify.which": {
        "en": "name one backup, or say --all",
        "ja": "バックアップをひとつ指定するか、--all を付けてください",
    },
    "verify.nothing": {
        "en": "Every copy is verified: nothing is left to be read.",
        "ja": "すべてのコピーが検証済みです。読み戻すものはありません。",
    },
    "replicate.no-original": {
        "en": "{id}: no copy of it is complete, so there is nothing to copy from",
        "ja": "{id}: 完全なコピーがひとつもないため、複製できません",
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
        "en": "Remove {n} backups ({size}) for good? [y/N] ",
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
        "en": "{n} are still there (kept after all, or locked): {words}",
        "ja": "{n} 件が残っています（残すことになったか、ロックされています）: {words}",
    },
    "objective.met": {"en": "met", "ja": "達成"},
    "objective.missed": {"en": "missed", "ja": "未達"},
    "objective.unreachable": {"en": "unreachable", "ja": "計画では届かない"},
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
    "rpo.overdue": {
        "en": "{series}: overdue; last success {last}, at most {allowed} apart",
        "ja": "{series}: 遅れています。前回の成功 {last}、許される間隔 {allowed}",
    },
    "rpo.untested": {
        "en": "{service}: no restore test has passed since {since}",
        "ja": "{service}: {since} からリストアテストの合格がありません",
    },
    "rebuild.created": {"en": "entered", "ja": "登録"},
    "rebuild.extended": {"en": "copy added", "ja": "コピーを追加"},
    "rebuild.known": {"en": "known", "ja": "登録済み"},
    "rebuild.removed": {"en": "being deleted", "ja": "削除済み"},
    "rebuild.no-buckets": {
        "en": "no applied profile names a destination; name a bucket with --bucket",
        "ja": "保管先のあるプロファイルが反映されていません。--bucket で指定してください",
    },
    "rebuild.apply-first": {
        "en": "there is nothing in {data}; first the profiles, which name the keys: toban apply",
        "ja": "{data} には何もありません。先に鍵を指すプロファイルを反映してください: toban apply",
    },
    "rebuild.empty": {
        "en": "no manifest of a backup lies in {buckets}",
        "ja": "{buckets} にバックアップの目録がありません",
    },
    "rebuild.skipped": {
        "en": "skipped in {bucket}: {reason}",
        "ja": "{bucket} で見送り: {reason}",
    },
    "rebuild.unreadable": {"en": "cannot be read: {error}", "ja": "読めません: {error}"},
    "rebuild.unplanned": {
        "en": "its profile has no such plan: add it to verify and restore",
        "ja": "プロファイルに計画がありません。検証と復元には追加が必要です",
    },
    "rebuild.unverified": {"en": "did not pass verification", "ja": "検証に合格していません"},
    "rebuild.done": {
        "en": "{new} of {n} backups entered; {skipped} manifests skipped, {unfinished} without a manifest.",
        "ja": "{n} 件のうち {new} 件を登録しました。見送った目録 {skipped} 件、目録のないもの {unfinished} 件。",
    },
    "rebuild.would": {
        "en": "{new} of {n} backups would be entered; {skipped} manifests skipped, {unfinished} without a manifest. Nothing was written.",
        "ja": "{n} 件のうち {new} 件が登録されます。見送る目録 {skipped} 件、目録のないもの {unfinished} 件。何も書き込んでいません。",
    },
}
