"""What each key of the section `backup` is for, as ``CLASS.KEY``."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "schema.BackupSection.destinations": {
        "en": "buckets that keep backups, in different regions",
        "ja": "バックアップの保存先のバケット。リージョンはすべて別にする",
    },
    "schema.BackupSection.sources": {
        "en": "what is backed up, by names of your choice",
        "ja": "バックアップ対象。名前は自由",
    },
    "schema.BackupSection.plans": {
        "en": "when each source is backed up, and how long that is kept",
        "ja": "対象ごとに、いつバックアップし、どれだけ保持するか",
    },
    "schema.BackupSection.key": {
        "en": "a Cloud KMS key, or `secret:NAME` (32 bytes in base64): nothing is ever written unencrypted",
        "ja": "Cloud KMS の鍵、または `secret:NAME`（base64 の 32 バイト）。暗号化せずに書くことはない",
    },
    "schema.BackupSection.former_keys": {
        "en": "keys that wrapped data keys before `key`; they only open, until `toban backups rewrap` needs none of them",
        "ja": "`key` の前にデータ鍵をラップしていた鍵。開くためだけに使い、`toban backups rewrap` で不要になるまで残す",
    },
    "schema.BackupSection.objectives": {
        "en": "how much may be lost and how long recovery may take",
        "ja": "失ってよい量と、復旧にかけてよい時間",
    },
    "schema.BackupSection.restore_test": {
        "en": "restore tests by the calendar",
        "ja": "スケジュールに従うリストアテスト",
    },
    "schema.BackupSection.external": {
        "en": "backups that somebody else makes: noted, not watched",
        "ja": "ほかの仕組みが取得するバックアップ。記録するだけで監視しない",
    },
    "schema.BackupSection.max_deletions": {
        "en": "most backups removed by one run of pruning",
        "ja": "一回の削除で消すバックアップの最大数",
    },
    "schema.BackupSection.minimum_verified": {
        "en": "verified copies per series and region that are never removed",
        "ja": "系列とリージョンごとに、決して消さない検証済みコピーの数",
    },
    "schema.BackupSection.reread_within": {
        "en": "every copy that is kept is read back again within this time",
        "ja": "保持しているすべてのコピーを、この時間内に読み直す",
    },
    "schema.Destination.bucket": {
        "en": "name of the bucket, without `gs://`",
        "ja": "バケットの名前（`gs://` なし）",
    },
    "schema.Destination.region": {"en": "where it is", "ja": "リージョン"},
    "schema.SourceSection.environment": {
        "en": "whose data these are: one of `service.environments`; else `production`",
        "ja": "どの環境のデータか（`service.environments` の一つ）。既定は `production`",
    },
    "schema.FirestoreSourceSection": {
        "en": "a Firestore database",
        "ja": "Firestore のデータベース",
    },
    "schema.FirestoreSourceSection.project": {
        "en": "Google Cloud project",
        "ja": "Google Cloud のプロジェクト",
    },
    "schema.FirestoreSourceSection.database": {
        "en": "name of the database",
        "ja": "データベースの名前",
    },
    "schema.FirestoreSourceSection.managed": {
        "en": "Google's export instead of our scan",
        "ja": "こちらで読み取る代わりに Google のエクスポートを使う",
    },
    "schema.BucketSourceSection": {"en": "the objects of a bucket", "ja": "バケットのオブジェクト"},
    "schema.BucketSourceSection.bucket": {
        "en": "name of the bucket, without `gs://`",
        "ja": "バケットの名前（`gs://` なし）",
    },
    "schema.BucketSourceSection.prefix": {
        "en": "only names that begin so",
        "ja": "この文字列で始まる名前だけ",
    },
    "schema.BucketSourceSection.exclude": {
        "en": "patterns of names to leave out: `*.log`, `node_modules/`",
        "ja": "除く名前のパターン（`*.log`、`node_modules/`）",
    },
    "schema.BucketSourceSection.copy": {
        "en": "copy objects server-side: quick, but not encrypted by `key`",
        "ja": "サーバー側でコピーする。速いが、`key` では暗号化されない",
    },
    "schema.PostgresSourceSection": {
        "en": "a PostgreSQL database, by `pg_dump` or by Cloud SQL's export",
        "ja": "PostgreSQL のデータベース（`pg_dump` または Cloud SQL のエクスポート）",
    },
    "schema.PostgresSourceSection.url_secret": {
        "en": "name of the secret with a connection URL, `postgresql://…`",
        "ja": "接続 URL（`postgresql://…`）を持つシークレットの名前",
    },
    "schema.PostgresSourceSection.instance": {
        "en": "Cloud SQL instance, `project:instance`; with `database`",
        "ja": "Cloud SQL のインスタンス（`project:instance`）。`database` と一緒に",
    },
    "schema.PostgresSourceSection.database": {
        "en": "name of the database, with `instance`",
        "ja": "データベースの名前（`instance` と一緒に）",
    },
    "schema.RedisSourceSection": {
        "en": "a Redis, or a Memorystore instance by its export",
        "ja": "Redis、または Memorystore のエクスポート",
    },
    "schema.RedisSourceSection.url_secret": {
        "en": "name of the secret with `redis://…`",
        "ja": "`redis://…` を持つシークレットの名前",
    },
    "schema.RedisSourceSection.instance": {
        "en": "Memorystore instance, `projects/…/locations/…/instances/…`",
        "ja": "Memorystore のインスタンス（`projects/…/locations/…/instances/…`）",
    },
    "schema.ConfigurationSourceSection": {
        "en": "profiles, schedules, IAM and names of secrets, never their values",
        "ja": "プロファイル、スケジュール、IAM、シークレットの名前（値は含まない）",
    },
    "schema.ConfigurationSourceSection.project": {
        "en": "Google Cloud project; empty: only what the store holds",
        "ja": "Google Cloud のプロジェクト。空なら保存されているものだけ",
    },
    "schema.ConfigurationSourceSection.location": {
        "en": "where its Cloud Scheduler jobs are",
        "ja": "Cloud Scheduler のジョブのロケーション",
    },
    "schema.ConfigurationSourceSection.paths": {
        "en": "files and directories besides",
        "ja": "加えるファイルとディレクトリ",
    },
    "schema.LogsSourceSection": {
        "en": "files below directories, as they are when read",
        "ja": "ディレクトリの中のファイル（読み取ったときの内容）",
    },
    "schema.LogsSourceSection.paths": {
        "en": "files and directories",
        "ja": "ファイルとディレクトリ",
    },
    "schema.LogsSourceSection.exclude": {
        "en": "patterns of names to leave out",
        "ja": "除く名前のパターン",
    },
    "schema.BackupPlan.source": {"en": "name of the source", "ja": "バックアップ対象の名前"},
    "schema.BackupPlan.class": {
        "en": "name of the series: `daily`, `hourly`, `on-change`",
        "ja": "系列の名前（`daily`、`hourly`、`on-change`）",
    },
    "schema.BackupPlan.schedule": {
        "en": "cron; with `on_change` it says when to look",
        "ja": "cron 式。`on_change` では、いつ調べるか",
    },
    "schema.BackupPlan.keep": {
        "en": "retention; a backup is kept when any of these keeps it",
        "ja": "保持ポリシー。どれか一つでも当てはまれば保持する",
    },
    "schema.BackupPlan.zone": {
        "en": "zone of the schedule and of the periods of `keep`; else the service's",
        "ja": "スケジュールと `keep` の期間のタイムゾーン。既定はサービスのもの",
    },
    "schema.BackupPlan.destinations": {
        "en": "buckets that keep this series, the first is written; else all",
        "ja": "この系列の保存先。先頭に書く。既定はすべて",
    },
    "schema.BackupPlan.on_change": {
        "en": "keep nothing when nothing changed",
        "ja": "変化がなければ何も残さない",
    },
    "schema.BackupPlan.incremental": {
        "en": "hold only what changed since the newest verified backup of the source",
        "ja": "対象の最新の検証済みバックアップからの変更分だけを持つ",
    },
    "schema.BackupPlan.level": {
        "en": "every copy in the first destination is verified so far before it counts",
        "ja": "先頭の保存先のコピーをここまで検証する",
    },
    "schema.BackupPlan.replica_level": {
        "en": "and so every other copy",
        "ja": "ほかのコピーをここまで検証する",
    },
    "schema.BackupPlan.max_shrink": {
        "en": "per cent by which a backup may be smaller than the one before; more is refused",
        "ja": "前回より何パーセントまで小さくてよいか。超えれば拒否する",
    },
    "schema.RetentionRules.daily": {
        "en": "days that hold a verified backup, the newest of each",
        "ja": "検証済みバックアップのある日を何日分（各日の最新）",
    },
    "schema.RetentionRules.weekly": {
        "en": "weeks that hold a verified backup, the newest of each",
        "ja": "検証済みバックアップのある週を何週分（各週の最新）",
    },
    "schema.RetentionRules.monthly": {
        "en": "months that hold a verified backup, the newest of each",
        "ja": "検証済みバックアップのある月を何か月分（各月の最新）",
    },
    "schema.RetentionRules.yearly": {
        "en": "years that hold a verified backup, the newest of each",
        "ja": "検証済みバックアップのある年を何年分（各年の最新）",
    },
    "schema.RetentionRules.keep_days": {
        "en": "everything newer than so many days, and the newest backup older than that",
        "ja": "この日数より新しいものすべてと、それより古い最新の一つ",
    },
    "schema.RetentionRules.forever": {"en": "never remove", "ja": "決して消さない"},
    "schema.Objective.name": {"en": "the scenario", "ja": "シナリオ"},
    "schema.Objective.sources": {"en": "what has to be restored for it", "ja": "復旧に必要な対象"},
    "schema.Objective.rpo": {
        "en": "recovery point objective: how much may be lost",
        "ja": "目標復旧時点（RPO）: 失ってよい期間",
    },
    "schema.Objective.rto": {
        "en": "recovery time objective: how long it may take",
        "ja": "目標復旧時間（RTO）: かけてよい時間",
    },
    "schema.Objective.severity": {
        "en": "level of the alert when it is missed",
        "ja": "守れなかったときのアラートのレベル",
    },
    "schema.External.what": {"en": "what is backed up", "ja": "何のバックアップか"},
    "schema.External.by": {"en": "who makes it", "ja": "誰が取得するか"},
    "schema.External.note": {"en": "a note", "ja": "メモ"},
    "schema.RestoreTest.schedule": {"en": "cron", "ja": "cron 式"},
    "schema.RestoreTest.targets": {
        "en": "where each source is loaded, never the source itself",
        "ja": "対象ごとの復元先。本番の対象そのものにはしない",
    },
    "schema.RestoreTest.zone": {
        "en": "zone of the schedule; else the service's",
        "ja": "スケジュールのタイムゾーン。既定はサービスのもの",
    },
    "schema.RestoreTest.within": {
        "en": "a test that takes longer has failed",
        "ja": "これより長くかかれば失敗",
    },
    "schema.RestoreTest.every": {
        "en": "how often every source has to pass; an alert for each that has not",
        "ja": "どの対象もこの間隔で合格する必要がある。なければアラート",
    },
    "schema.StagingTarget.source": {"en": "name of the source", "ja": "バックアップ対象の名前"},
    "schema.StagingTarget.url_secret": {
        "en": "PostgreSQL, Redis: name of the secret with the URL of a server for tests",
        "ja": "PostgreSQL・Redis: テスト用サーバーの URL を持つシークレットの名前",
    },
    "schema.StagingTarget.project": {
        "en": "Firestore: Google Cloud project",
        "ja": "Firestore: Google Cloud のプロジェクト",
    },
    "schema.StagingTarget.database": {
        "en": "Firestore: name of the database",
        "ja": "Firestore: データベースの名前",
    },
    "schema.StagingTarget.bucket": {
        "en": "the rest: name of the bucket",
        "ja": "そのほか: バケットの名前",
    },
    "schema.StagingTarget.queries": {"en": "asked after loading", "ja": "復元した後に問い合わせる"},
    "schema.StagingTarget.every": {
        "en": "how often this source has to pass; else as the section says",
        "ja": "この対象が合格すべき間隔。既定はセクションの値",
    },
    "schema.StagingTarget.within": {
        "en": "a test of this source that takes longer has failed; else as the section says",
        "ja": "この対象のテストがこれより長ければ失敗。既定はセクションの値",
    },
    "schema.ContentQuery.query": {
        "en": "a query in the source's own language",
        "ja": "対象の言語での問い合わせ",
    },
    "schema.ContentQuery.expect": {
        "en": "a value, or a bound as `>= 10`; empty: any answer will do",
        "ja": "値、または `>= 10` のような範囲。空なら何でもよい",
    },
}
