"""What `toban check`, `toban plan` and `toban apply` say."""

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
    "help.plan": {"en": "show what `apply` would change", "ja": "`apply` で変わる内容を表示"},
    "help.apply": {
        "en": "write the profiles to the store, and in a project bring its Cloud Scheduler jobs in line",
        "ja": "プロファイルを反映し、プロジェクトでは Cloud Scheduler のジョブも合わせる",
    },
    "help.apply.dry": {"en": "change nothing, like `plan`", "ja": "何も変えない（`plan` と同じ）"},
    "column.version": {"en": "VERSION", "ja": "バージョン"},
    "check.good": {
        "en": "{n} profiles, no errors, {warnings} warnings.",
        "ja": "プロファイル {n} 件、エラーなし、警告 {warnings} 件。",
    },
    "check.store-good": {
        "en": "Nothing found ({n} checks of the store).",
        "ja": "問題はありません（保存データの検査 {n} 件）。",
    },
    "check.store-or-files": {
        "en": "--store looks at the store, not at files: leave one of the two out",
        "ja": "--store は保存データを調べます。ファイルと同時には指定できません",
    },
    "check.error": {"en": "error", "ja": "エラー"},
    "check.warning": {"en": "warning", "ja": "警告"},
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
    "column.what": {"en": "WHAT", "ja": "内容"},
    "column.do": {"en": "WHAT TO DO", "ja": "対処"},
    "check.bad": {
        "en": "{errors} errors, {warnings} warnings.",
        "ja": "エラー {errors} 件、警告 {warnings} 件。",
    },
    "apply.new": {"en": "new", "ja": "新規"},
    "apply.changed": {"en": "changed", "ja": "変更"},
    "apply.unchanged": {"en": "unchanged", "ja": "変更なし"},
    "apply.dry": {"en": "Nothing was written.", "ja": "何も書き込んでいません。"},
    "apply.done": {
        "en": "Written to {data}. Open incidents keep the version they began with.",
        "ja": "{data} に反映しました。対応中のインシデントには、開始時のバージョンを使い続けます。",
    },
    "help.apply.project": {
        "en": "Google Cloud project whose Firestore and Cloud Scheduler jobs are meant, instead of --data (default: GOOGLE_CLOUD_PROJECT)",
        "ja": "--data の代わりに対象とする Google Cloud プロジェクト（Firestore と Cloud Scheduler。既定: GOOGLE_CLOUD_PROJECT）",
    },
    "help.apply.yes": {
        "en": "delete jobs that are not wanted any more without asking",
        "ja": "不要になったジョブを確認なしで削除する",
    },
    "column.job": {"en": "JOB", "ja": "ジョブ"},
    "job.create": {"en": "create", "ja": "作成"},
    "job.update": {"en": "update", "ja": "更新"},
    "job.pause": {"en": "pause", "ja": "一時停止"},
    "job.resume": {"en": "resume", "ja": "再開"},
    "job.delete": {"en": "delete", "ja": "削除"},
    "job.unchanged": {"en": "unchanged", "ja": "変更なし"},
    "job.refused": {"en": "refused", "ja": "拒否"},
    "jobs.by-hand": {"en": "paused (by hand)", "ja": "一時停止中（手動）"},
    "jobs.as-wanted": {
        "en": "{n} Cloud Scheduler jobs are as they should be.",
        "ja": "Cloud Scheduler のジョブ {n} 件は変更不要です。",
    },
    "jobs.incomplete": {
        "en": "--project and --location belong together (or GOOGLE_CLOUD_PROJECT and TOBAN_LOCATION)",
        "ja": "--project と --location は両方指定してください（環境変数は GOOGLE_CLOUD_PROJECT と TOBAN_LOCATION）",
    },
    "jobs.ask": {
        "en": "Delete {n} Cloud Scheduler jobs and write the rest? [y/N] ",
        "ja": "Cloud Scheduler のジョブ {n} 件を削除し、残りも反映しますか [y/N] ",
    },
    "jobs.unasked": {
        "en": "{n} Cloud Scheduler jobs would be deleted ({words}); nothing was written. Look with `toban plan`, then repeat with --yes",
        "ja": "Cloud Scheduler のジョブ {n} 件が削除されます（{words}）。何も書き込んでいません。`toban plan` で確かめてから --yes を付けてください",
    },
    "jobs.kept": {"en": "Nothing was written.", "ja": "何も書き込んでいません。"},
    "jobs.done": {
        "en": "Written to project {project}, jobs in {location}.",
        "ja": "プロジェクト {project} に反映しました（ジョブは {location}）。",
    },
}
