"""What `toban backups … --help` and `toban restore --help` say."""

from __future__ import annotations

from typing import Final, Literal

BACKUP_HELP: Final[dict[str, dict[Literal["en", "ja"], str]]] = {
    "help.backups.project": {
        "en": "Google Cloud project instead of the data directory",
        "ja": "データディレクトリーの代わりに Google Cloud のプロジェクト",
    },
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
        "ja": "時計が進んでいて未来の日付になったものを削除する（確認あり）",
    },
    "help.backups.prune": {
        "en": "remove what retention does not keep (asks first)",
        "ja": "保持ポリシーに残らないものを削除する（確認あり）",
    },
    "help.backups.prune.dry": {
        "en": "only show what is kept and what would go, and why",
        "ja": "残るものと削除されるものを理由付きで表示するだけ",
    },
    "help.backups.yes": {"en": "do not ask", "ja": "確認しない"},
    "help.backups.rpo": {
        "en": "what could be lost now, and how long recovery takes; exit code 1 when a promise does not hold",
        "ja": "いま失われうる量と復旧時間（目標を外れていれば終了コード 1）",
    },
    "help.backups.rebuild": {
        "en": "make the catalogue anew from the manifests in the buckets of any region",
        "ja": "どのリージョンのバケットからでも、目録からカタログを作り直す",
    },
    "help.backups.rebuild.bucket": {
        "en": "buckets to read (default: every destination of the profiles)",
        "ja": "読むバケット（既定: プロファイルのすべての保管先）",
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
        "ja": "鍵を持つサービスの暗号化されていない目録も受け入れる（バケットに書ける人なら誰でも作れる）",
    },
    "help.restore": {
        "en": "load a backup into a target: shows a plan, asks, then watches",
        "ja": "バックアップを復元先に読み込む（計画を示し、確認してから進行を表示）",
    },
    "help.restore.to": {
        "en": "option of the target, such as bucket=NAME, directory=DIR, url_secret=NAME, database=NAME (repeatable), or `staging`: the profile's staging target",
        "ja": "復元先の指定。bucket=名前、directory=場所、url_secret=名前、database=名前 など（繰り返し可）。staging でプロファイルのステージング",
    },
    "help.restore.at": {
        "en": "the newest verified restore point that is not after this (default: the newest)",
        "ja": "この時刻以前で最新の検証済み復元点（既定: 最新）",
    },
    "help.restore.backup": {"en": "this very backup", "ja": "このバックアップから"},
    "help.restore.region": {
        "en": "read the copy of this region",
        "ja": "このリージョンのコピーから読む",
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
}
