"""What `toban backups --help` says, and the words that several of its commands share."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
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
    "column.series": {"en": "SERIES", "ja": "系列"},
    "column.started": {"en": "STARTED", "ja": "開始"},
    "backup.running": {"en": "running", "ja": "実行中"},
    "backup.finished": {"en": "finished", "ja": "未検証"},
    "backup.verified": {"en": "verified", "ja": "検証済み"},
    "backup.unchanged": {"en": "unchanged", "ja": "変更なし"},
    "backup.partial": {"en": "partial", "ja": "一部のみ"},
    "backup.failed": {"en": "failed", "ja": "失敗"},
    "backup.deleting": {"en": "deleting", "ja": "削除中"},
    "backup.deleted": {"en": "deleted", "ja": "削除済み"},
    "help.backups.list": {"en": "the catalogue, the newest first", "ja": "一覧（新しい順）"},
    "help.backups.source": {"en": "only of this source", "ja": "対象で絞る"},
    "help.backups.class": {"en": "only of this class", "ja": "クラスで絞る"},
    "help.backups.all": {
        "en": "with those that were deleted in the last 30 days",
        "ja": "30日以内に削除したものも含める",
    },
    "help.backups.show": {
        "en": "everything about one backup, and why it is kept",
        "ja": "ひとつの詳細と、残す理由",
    },
    "help.backups.id": {
        "en": "backup id, or its beginning",
        "ja": "バックアップ ID（先頭だけでもよい）",
    },
    "help.backups.run": {
        "en": "take one now, replicate and verify it",
        "ja": "いますぐ取得し、複製して検証する",
    },
    "help.backups.of": {"en": "service", "ja": "サービス"},
    "help.backups.of.source": {
        "en": "source, as the profile names it",
        "ja": "対象（プロファイルの名前）",
    },
    "help.backups.of.class": {
        "en": "class of the plan (not needed when the source has one plan)",
        "ja": "計画のクラス（計画がひとつなら省略できる）",
    },
    "help.backups.wait": {
        "en": "wait until it is verified or has failed (default)",
        "ja": "検証または失敗まで待つ（既定）",
    },
    "help.backups.verify": {
        "en": "read every copy back once more",
        "ja": "すべてのコピーを読み戻して検証し直す",
    },
    "help.backups.verify.all": {
        "en": "every backup of which a copy is not verified; whole ones count again",
        "ja": "検証済みでないコピーのあるバックアップをすべて対象にする。無事なものは検証済みに戻る",
    },
    "help.backups.replicate": {
        "en": "mend what is missing or damaged in any place from any other, and verify it",
        "ja": "欠けたコピーや破損したコピーをほかのコピーから直して検証する",
    },
    "help.backups.test": {
        "en": "restore something verified into staging now, and measure it",
        "ja": "いますぐステージングへリストアして時間を測る",
    },
    "help.backups.extract": {
        "en": "write the plain archive of a backup to a file or to standard output",
        "ja": "バックアップの中身（平文のアーカイブ）をファイルか標準出力に書く",
    },
    "help.backups.extract.file": {
        "en": "a new file; - is standard output (default)",
        "ja": "新しいファイル。- は標準出力（省略時）",
    },
    "help.backups.extract.server": {
        "en": "only what makes the roles and tablespaces that a PostgreSQL backup needs",
        "ja": "PostgreSQL のバックアップに必要なロールとテーブル空間を作る SQL だけ",
    },
    "help.backups.test.source": {
        "en": "source (default: whose turn it is)",
        "ja": "対象（省略すると順番のもの）",
    },
    "help.backups.pin": {
        "en": "keep it until it is unpinned, whatever retention says",
        "ja": "保持ポリシーにかかわらず、解除まで残す",
    },
    "help.backups.unpin": {"en": "let retention decide again", "ja": "固定を解除する"},
    "help.backups.discard": {
        "en": "remove one that a clock ahead has dated in the future (asks first)",
        "ja": "時計が進んでいて未来の日付になったものを削除する（事前に尋ねる）",
    },
    "help.backups.prune": {
        "en": "remove what retention does not keep (asks first)",
        "ja": "保持ポリシーに残らないものを削除する（事前に尋ねる）",
    },
    "help.backups.prune.dry": {
        "en": "only show what is kept and what would go, and why",
        "ja": "残るものと削除されるものを理由付きで表示するだけ",
    },
    "help.backups.yes": {"en": "do not ask", "ja": "尋ねずに実行する"},
    "help.backups.rpo": {
        "en": "what could be lost now, and how long recovery takes; exit code 3 when a promise does not hold",
        "ja": "いま失われうる期間と復旧時間（目標を外れていれば終了コード 3）",
    },
    "help.backups.rebuild": {
        "en": "make the catalogue anew from the manifests in the buckets of any region",
        "ja": "どのリージョンのバケットからでも、マニフェストからカタログを作り直す",
    },
    "help.backups.rebuild.bucket": {
        "en": "buckets to read (default: every destination of the profiles)",
        "ja": "読むバケット（既定: プロファイルのすべての保存先）",
    },
    "help.backups.rebuild.dry": {
        "en": "only show what would be entered",
        "ja": "登録される内容を表示するだけ",
    },
    "help.backups.rebuild.no-verify": {
        "en": "do not read them back now; until then they do not count",
        "ja": "いまは検証しない（検証まで有効とみなさない）",
    },
    "help.backups.rebuild.unencrypted": {
        "en": "believe unencrypted manifests of services that have a key (anybody who can write to the bucket can make those)",
        "ja": "鍵を持つサービスの暗号化されていないマニフェストも受け入れる（バケットに書ける人なら誰でも作れる）",
    },
    "help.restore": {
        "en": "load a backup into a target: shows a plan, asks, then watches",
        "ja": "バックアップを復元先に読み込む（計画を示し、了承を得てから進行を表示）",
    },
    "help.restore.to": {
        "en": "option of the target, such as bucket=NAME, directory=DIR, url_secret=NAME, database=NAME (repeatable), or `staging`: the profile's staging target",
        "ja": "復元先の指定。bucket=名前、directory=場所、url_secret=名前、database=名前 など（繰り返し可）。staging でプロファイルのステージング",
    },
    "help.restore.at": {
        "en": "the newest verified restore point that is not after this (default: the newest)",
        "ja": "この時刻以前で最新の検証済み復元ポイント（既定: 最新）",
    },
    "help.restore.backup": {"en": "this very backup", "ja": "このバックアップから"},
    "help.restore.region": {
        "en": "read the copy of this region",
        "ja": "このリージョンのコピーから読む",
    },
    "help.restore.confirm": {
        "en": "with --onto-source: the service's name, instead of typing it when asked",
        "ja": "--onto-source で、確認時に入力する代わりに指定するサービス名",
    },
    "help.restore.onto-source": {
        "en": "overwrite the source itself (asks for the service's name)",
        "ja": "元の場所を上書きする（サービス名の入力を求める）",
    },
    "help.restore.dry": {"en": "only show the plan", "ja": "計画を表示するだけ"},
    "help.restore.follow": {
        "en": "watch a restore that was begun before",
        "ja": "始まっているリストアの進行を見る",
    },
    "what.backup": {"en": "backup", "ja": "バックアップ"},
    "what.source": {"en": "source", "ja": "対象"},
    "what.class": {"en": "class", "ja": "クラス"},
    "column.size": {"en": "SIZE", "ja": "サイズ"},
    "level.objects": {"en": "objects", "ja": "存在のみ"},
    "level.checksums": {"en": "checksums", "ja": "チェックサムまで"},
    "level.content": {"en": "content", "ja": "内容まで"},
    "level.format": {"en": "format", "ja": "形式まで"},
    "level.restored": {"en": "restored", "ja": "リストア済み"},
    "backup.unknown": {"en": "unknown", "ja": "不明"},
    "backups.retired": {
        "en": "{service} is retired, and its backups are kept: apply its file first",
        "ja": "{service} は廃止されています。バックアップは残っています。先にファイルを `toban apply` してください",
    },
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
    "backups.show.size.stream": {
        "en": "{stored} stored; {parts:parts}, a stream of {plain}",
        "ja": "保存 {stored}、{parts} パート、ストリーム {plain}",
    },
    "backups.show.size.value": {
        "en": "{stored} stored; {items:items}, {parts:parts}, a stream of {plain}",
        "ja": "保存 {stored}、{items} 件、{parts} パート、ストリーム {plain}",
    },
    "stage.take": {"en": "reading and storing", "ja": "読み取り・保存"},
    "stage.replicate": {"en": "replicating", "ja": "複製"},
    "stage.verify": {"en": "reading back", "ja": "検証"},
    "stage.prune": {"en": "removing", "ja": "削除"},
    "follow.begin": {"en": "waiting for it to begin", "ja": "開始待ち"},
    "run.nothing": {
        "en": "nothing was started: {reason}",
        "ja": "何も始まりませんでした: {reason}",
    },
}
