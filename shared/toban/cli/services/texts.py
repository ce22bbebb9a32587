"""What `toban services` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.in-force": {
        "en": "the services that are in force, and the end of one",
        "ja": "有効なサービスの一覧と廃止",
    },
    "help.services.list": {
        "en": "every service in the store, what it holds there, and whether there is a file of it",
        "ja": "保存先にあるサービスと、その保持内容、ファイルの有無",
    },
    "help.services.retire": {
        "en": "take a service out of force; what becomes of its incidents and backups is said first",
        "ja": "サービスを廃止する。インシデントとバックアップがどうなるかを先に表示",
    },
    "help.services.id": {"en": "service", "ja": "サービス ID"},
    "help.services.dry": {"en": "only say what would follow", "ja": "影響を表示するだけ"},
    "help.services.yes": {"en": "do not ask", "ja": "尋ねずに実行する"},
    "none.services": {
        "en": "No service is in force: `toban apply` writes your profiles.",
        "ja": "有効なサービスはありません。`toban apply` でプロファイルを反映します。",
    },
    "column.called": {"en": "NAME", "ja": "名称"},
    "column.applied": {"en": "APPLIED", "ja": "反映"},
    "column.open": {"en": "OPEN", "ja": "未解決"},
    "column.backups": {"en": "BACKUPS", "ja": "バックアップ"},
    "column.file": {"en": "FILE", "ja": "ファイル"},
    "services.file.yes": {"en": "yes", "ja": "あり"},
    "services.file.no": {"en": "none", "ja": "なし"},
    "services.then.alerts": {
        "en": "New alerts of {id} go to {heir}, which takes what matches no other service.",
        "ja": "{id} の新しいアラートは、既定の受け皿である {heir} に届きます。",
    },
    "services.then.nobody": {
        "en": "New alerts of {id} go to the built-in service toban, which calls nobody: no service takes what matches no other.",
        "ja": "{id} の新しいアラートは組み込みのサービス toban に入り、誰も呼びません（既定の受け皿のサービスがありません）。",
    },
    "services.then.default": {
        "en": "{id} is the one that takes what matches no other: so do all alerts that match no service.",
        "ja": "{id} は既定の受け皿です。どのサービスにも一致しないアラートも、すべて同じ扱いになります。",
    },
    "services.then.open": {
        "en": "Open until somebody resolves them, and escalated by the version they began with: {n:incidents} ({ids}).",
        "ja": "未解決のインシデント {n} 件は、解決するまで開始時のバージョンでエスカレーションを続けます: {ids}",
    },
    "services.then.running": {
        "en": "Under way, and finished: {n:backups}.",
        "ja": "実行中のバックアップ {n} 件は最後まで行います。",
    },
    "services.then.backups": {
        "en": "Kept where they are: {n:backups}. To restore one, apply the file again; `toban backups extract` reads them without. No retention removes them any more, and nobody looks whether they are still whole.",
        "ja": "バックアップ {n} 件はそのまま残ります。リストアするにはファイルをもう一度反映します（`toban backups extract` ならそのまま読めます）。以後は保持期間による削除も、健全性の確認も行いません。",
    },
    "services.then.jobs": {
        "en": "Its Cloud Scheduler jobs do nothing any more; the next `toban apply` deletes them.",
        "ja": "Cloud Scheduler のジョブは何もしなくなり、次の `toban apply` で削除されます。",
    },
    "services.then.file": {
        "en": "There is still a file of it in {dir}: the next `toban apply` brings it back.",
        "ja": "{dir} にファイルが残っています。次の `toban apply` で再び有効になります。",
    },
    "services.ask": {"en": "Retire {id}? [y/N] ", "ja": "{id} を廃止しますか [y/N] "},
    "services.changed": {
        "en": "{id} was applied anew at this moment: nothing was retired",
        "ja": "ちょうど今 {id} が反映し直されました。廃止していません",
    },
    "services.retired": {
        "en": "{id} is retired; functions know it within half a minute. `toban apply` with its file is the undo.",
        "ja": "{id} を廃止しました（各関数には30秒以内に伝わります）。ファイルを `toban apply` すれば元に戻ります。",
    },
}
