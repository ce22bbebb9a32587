"""What the command line says about schedules and Cloud Scheduler jobs."""

from __future__ import annotations

from typing import Final, Literal

SCHEDULES: Final[dict[str, dict[Literal["en", "ja"], str]]] = {
    "help.schedules": {
        "en": "what happens by the clock, and when next",
        "ja": "定期的に実行されるものと次回の時刻",
    },
    "help.project": {
        "en": "Google Cloud project whose Firestore and Cloud Scheduler jobs are meant, instead of --data (default: GOOGLE_CLOUD_PROJECT)",
        "ja": "--data の代わりに対象とする Google Cloud プロジェクト（Firestore と Cloud Scheduler。既定: GOOGLE_CLOUD_PROJECT）",
    },
    "help.location": {
        "en": "location of the jobs, such as asia-northeast1 (default: TOBAN_LOCATION)",
        "ja": "ジョブのロケーション。asia-northeast1 など（既定: TOBAN_LOCATION）",
    },
    "help.yes": {
        "en": "delete jobs that are not wanted any more without asking",
        "ja": "不要になったジョブを確認なしで削除する",
    },
    "column.schedule": {"en": "SCHEDULE", "ja": "スケジュール"},
    "column.cron": {"en": "CRON", "ja": "CRON"},
    "column.zone": {"en": "ZONE", "ja": "タイムゾーン"},
    "column.next": {"en": "NEXT", "ja": "次回"},
    "column.next-utc": {"en": "NEXT (UTC)", "ja": "次回（UTC）"},
    "column.then": {"en": "THEN", "ja": "その後"},
    "column.last": {"en": "LAST", "ja": "前回"},
    "column.job": {"en": "JOB", "ja": "ジョブ"},
    "column.detail": {"en": "DETAIL", "ja": "内容"},
    "schedules.never": {"en": "never", "ja": "なし"},
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
