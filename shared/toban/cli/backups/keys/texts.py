"""What `toban backups rewrap` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.backups.rewrap": {
        "en": "wrap every backup's data key by the present key; says which keys are still needed",
        "ja": "すべてのバックアップのデータ鍵を現在の鍵でラップし直し、まだ必要な鍵を示す",
    },
    "help.backups.rewrap.backup": {
        "en": "only this one (id, or its beginning)",
        "ja": "このバックアップだけ（ID、先頭だけでもよい）",
    },
    "help.backups.rewrap.dry": {
        "en": "only show what would be wrapped, and which keys are needed",
        "ja": "ラップし直すものと必要な鍵を表示するだけ",
    },
    "stage.rewrap": {"en": "wrapping data keys", "ja": "データ鍵の再ラップ"},
    "rewrap.due": {
        "en": "{id}: to be wrapped by the present key",
        "ja": "{id}: 現在の鍵でラップし直す対象です",
    },
    "rewrap.lost": {
        "en": "its key {missing} is not in the secret any more: put it back first",
        "ja": "鍵 {missing} がシークレットにありません。先に戻してください",
    },
    "rewrap.done": {
        "en": "✓ {id}: wrapped by the present key",
        "ja": "✓ {id}: 現在の鍵でラップし直しました",
    },
    "rewrap.nothing": {
        "en": "{id}: nothing was to be done: {reason}",
        "ja": "{id}: 行うことはありませんでした: {reason}",
    },
    "rewrap.none": {
        "en": "Every backup is under the present key.",
        "ja": "すべてのバックアップが現在の鍵でラップされています。",
    },
    "rewrap.failed": {"en": "✗ {id}: {reason}", "ja": "✗ {id}: {reason}"},
    "rewrap.waiting": {
        "en": "… {id}: nobody goes on with it; see `toban dead list` and `toban parked list`",
        "ja": "… {id}: 続きを行うものがありません。`toban dead list` と `toban parked list` を見てください",
    },
    "rewrap.present": {
        "en": "{id}: the present key; {n:backups} under it",
        "ja": "{id}: 現在の鍵。{n} 件のバックアップをラップしています",
    },
    "rewrap.needed": {
        "en": "{id}: still needed by {n:backups}: {ids}",
        "ja": "{id}: まだ {n} 件のバックアップに必要です: {ids}",
    },
    "rewrap.free": {
        "en": "{id}: not needed any more",
        "ja": "{id}: もう必要ありません",
    },
    "rewrap.open.key": {
        "en": "{about} cannot be used from here, so its present key is not known: {reason}",
        "ja": "{about} をここでは使えず、現在の鍵が分かりません: {reason}",
    },
    "rewrap.open.bucket": {
        "en": "{about} cannot be read: {reason}",
        "ja": "{about} を読めません: {reason}",
    },
    "rewrap.open.manifest": {
        "en": "{about} is damaged, and no other copy is whole: {reason}",
        "ja": "{about} が破損していて、ほかに無事なコピーがありません: {reason}",
    },
    "rewrap.open.taking": {
        "en": "{about} is being taken under a former key ({reason}): run this again when it is finished",
        "ja": "{about} を以前の鍵（{reason}）で取得中です。終わってからもう一度実行してください",
    },
    "rewrap.open.replicating": {
        "en": "{about} is being copied, and may be under a former key ({reason}): run this again when that is done",
        "ja": "{about} を複製中で、以前の鍵（{reason}）のままかもしれません。終わってからもう一度実行してください",
    },
    "rewrap.remove-none": {
        "en": "Remove no key yet.",
        "ja": "まだどの鍵も外さないでください。",
    },
    "rewrap.remove": {
        "en": "Keep the keys named above as needed; any other key of these secrets can be removed.",
        "ja": "上に必要と示した鍵は残してください。これらのシークレットのほかの鍵は外せます。",
    },
}
