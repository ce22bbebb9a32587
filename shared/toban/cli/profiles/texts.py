"""What `toban plan` and `toban apply` say."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.plan": {"en": "show what `apply` would change", "ja": "`apply` で変わる内容を表示"},
    "help.apply": {
        "en": "write the profiles to the store, and in a project bring its Cloud Scheduler jobs in line",
        "ja": "プロファイルを反映し、プロジェクトでは Cloud Scheduler のジョブも合わせる",
    },
    "help.apply.dry": {"en": "change nothing, like `plan`", "ja": "何も変えない（`plan` と同じ）"},
    "column.version": {"en": "VERSION", "ja": "バージョン"},
    "apply.unset": {
        "en": "{service}: {n:secrets} without a value on this machine: {words}",
        "ja": "{service}: このマシンに値のないシークレット {n} 件: {words}",
    },
    "apply.new": {"en": "new", "ja": "新規"},
    "apply.changed": {"en": "changed", "ja": "変更"},
    "help.plan.exit-code": {
        "en": "end with 3 when something would change, or is in the store without a file",
        "ja": "変わるもの、またはファイルがなく保存先だけに残るものがあれば終了コード 3",
    },
    "apply.no-file": {"en": "in the store, no file", "ja": "保存先のみ（ファイルなし）"},
    "apply.no-file.hint": {
        "en": "Alerts and backups of {services} go on by what is in the store: `toban services retire ID` ends that.",
        "ja": "{services} のアラートとバックアップは、保存先の内容で動き続けます。終わらせるには `toban services retire ID`。",
    },
    "apply.nothing": {"en": "(not there)", "ja": "（なし）"},
    "apply.unchanged": {"en": "unchanged", "ja": "変更なし"},
    "apply.dry": {"en": "Nothing was written.", "ja": "何も書き込んでいません。"},
    "apply.done": {
        "en": "Written to {data}. Open incidents keep the version they began with.",
        "ja": "{data} に反映しました。未解決のインシデントには、開始時のバージョンを使い続けます。",
    },
    "help.apply.project": {
        "en": "Google Cloud project whose Firestore and Cloud Scheduler jobs are meant, instead of --data (default: GOOGLE_CLOUD_PROJECT)",
        "ja": "--data の代わりに対象とする Google Cloud プロジェクト（Firestore と Cloud Scheduler。既定: GOOGLE_CLOUD_PROJECT）",
    },
    "help.apply.yes": {
        "en": "delete jobs that are not wanted any more without asking",
        "ja": "不要になったジョブを尋ねずに削除する",
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
        "en": "As it should be: {n:Cloud Scheduler jobs}.",
        "ja": "Cloud Scheduler のジョブ {n} 件は変更不要です。",
    },
    "jobs.incomplete": {
        "en": "--project and --location belong together (or GOOGLE_CLOUD_PROJECT and TOBAN_LOCATION)",
        "ja": "--project と --location は両方指定してください（環境変数は GOOGLE_CLOUD_PROJECT と TOBAN_LOCATION）",
    },
    "jobs.ask": {
        "en": "Delete {n:Cloud Scheduler jobs} and write the rest? [y/N] ",
        "ja": "Cloud Scheduler のジョブ {n} 件を削除し、残りも反映しますか [y/N] ",
    },
    "jobs.unasked": {
        "en": "This would delete {n:Cloud Scheduler jobs} ({words}); nothing was written. Look with `toban plan`, then repeat with --yes",
        "ja": "Cloud Scheduler のジョブ {n} 件が削除されます（{words}）。何も書き込んでいません。`toban plan` で確かめてから --yes を付けてください",
    },
    "jobs.kept": {"en": "Nothing was written.", "ja": "何も書き込んでいません。"},
    "jobs.done": {
        "en": "Written to project {project}, jobs in {location}.",
        "ja": "プロジェクト {project} に反映しました（ジョブは {location}）。",
    },
}
