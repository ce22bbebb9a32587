"""What `toban restore` and `toban backups test` say."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "follow.load": {"en": "loading", "ja": "読み込み"},
    "follow.check": {"en": "checking", "ja": "検査"},
    "follow.again": {
        "en": "it is tried again, because the last try failed: {reason}",
        "ja": "失敗したため、もう一度試みます: {reason}",
    },
    "restore.given-up": {
        "en": "the copy in {region} ({bucket}) could not be read ({reason}): the next proven one is taken",
        "ja": "{region}（{bucket}）のコピーを読めないため（{reason}）、次の検証済みコピーを使います",
    },
    "restore.note": {"en": "Note", "ja": "注意"},
    "restore.doubt": {
        "en": "this copy is not known to be whole: {why}",
        "ja": "このコピーが完全かどうか確認できていません: {why}",
    },
    "restore.unread-manifest": {
        "en": "{id}: what it needs of a server could not be read from here ({error})",
        "ja": "{id}: サーバーに必要なものをここからは確かめられません（{error}）",
    },
    "restore.no-room": {
        "en": "{free} are free in {where}; the backup holds {needed}",
        "ja": "{where} の空きは {free}、バックアップの中身は {needed} です",
    },
    "restore.room": {
        "en": "about {needed} are needed, {free} are free ({where})",
        "ja": "必要な容量は約 {needed}、空きは {free}（{where}）です",
    },
    "restore.little-room": {
        "en": "it may not fit: about {needed} are needed, {free} are free ({where})",
        "ja": "容量が足りないかもしれません。必要なのは約 {needed}、空きは {free}（{where}）です",
    },
    "restore.room-unknown": {
        "en": "about {needed} are needed; the server does not tell what it has free",
        "ja": "必要な容量は約 {needed} です。空きはサーバーからは分かりません",
    },
    "extract.terminal": {
        "en": "the plain archive is no text: name a file, or send it to another program",
        "ja": "アーカイブは文字ではありません。ファイルを指定するか、別のプログラムへ渡してください",
    },
    "extract.exists": {
        "en": "{file} is there already: nothing was written",
        "ja": "{file} はすでにあります。何も書きませんでした",
    },
    "extract.done": {
        "en": "{id}: {size} written to {file}, every byte checked",
        "ja": "{id}: {file} に {size} を書きました（全バイト確認済み）",
    },
    "extract.beside": {
        "en": "the stream lists {count:objects}, of which the content lies beside it and is not in it (toban restore writes it)",
        "ja": "ストリームには {count} 個のオブジェクトの一覧だけがあります。中身は含みません（toban restore が書き出します）",
    },
    "extract.lost": {
        "en": "{id}: no copy could be read to its end",
        "ja": "{id}: 最後まで読めるコピーがありません",
    },
    "extract.no-server": {
        "en": "-- {id}: nothing was recorded of its server",
        "ja": "-- {id}: サーバーについての記録はありません",
    },
    "what.target-key": {"en": "key of this kind of target", "ja": "復元先のキー"},
    "what.tested": {
        "en": "source with a target of its own (backup.restore_test.targets)",
        "ja": "テスト先（backup.restore_test.targets）のある対象",
    },
    "what.region": {"en": "region with a whole copy", "ja": "完全なコピーのあるリージョン"},
    "what.restore": {"en": "restore", "ja": "リストア"},
    "restore.what": {
        "en": "say what: toban restore SERVICE SOURCE --to …, or --follow ID",
        "ja": "何を復元するか指定してください: toban restore サービス 対象 --to …、または --follow ID",
    },
    "restore.where": {
        "en": "say where: --to KEY=VALUE (such as --to bucket=NAME or --to directory=DIR), --to staging, or --onto-source",
        "ja": "復元先を指定してください: --to キー=値（--to bucket=名前、--to directory=場所 など）、--to staging、または --onto-source",
    },
    "restore.bad-to": {
        "en": "--to {word}: write KEY=VALUE, or `staging` alone",
        "ja": "--to {word}: キー=値、または staging だけを書きます",
    },
    "restore.both": {
        "en": "--to staging and --onto-source contradict each other",
        "ja": "--to staging と --onto-source は同時に使えません",
    },
    "restore.no-staging": {
        "en": "the profile has no staging target for {source} (backup.restore_test.targets); say --to KEY=VALUE",
        "ja": "プロファイルに {source} のステージング（backup.restore_test.targets）がありません。--to キー=値 で指定してください",
    },
    "restore.never-source": {
        "en": "a source of kind {kind} is never overwritten; restore it elsewhere (--to directory=DIR) and copy what is needed",
        "ja": "種類 {kind} の対象は上書きしません。別の場所へ復元して（--to directory=場所）必要なものをコピーしてください",
    },
    "restore.bad-target": {
        "en": "this target cannot be used: {error}",
        "ja": "この復元先は使えません: {error}",
    },
    "restore.refused": {
        "en": "nothing is restored there: {reason}",
        "ja": "この復元先には復元しません: {reason}",
    },
    "restore.unseen": {
        "en": "{where} could not be looked at from here ({error}); the function looks before it writes",
        "ja": "{where} はここからは確かめられません（{error}）。書き込む前に関数が確かめます",
    },
    "restore.is-source": {
        "en": "{where} is the source itself; to overwrite it say --onto-source",
        "ja": "{where} は元の場所そのものです。上書きするなら --onto-source を付けてください",
    },
    "restore.not-source": {
        "en": "--onto-source was said, but {where} is not the source",
        "ja": "--onto-source が指定されましたが、{where} は元の場所ではありません",
    },
    "restore.other": {
        "en": "{id} is not a backup of {series}",
        "ja": "{id} は {series} のバックアップではありません",
    },
    "restore.unfit": {
        "en": "{id} is {status}: it cannot be restored",
        "ja": "{id} は{status}です。復元できません",
    },
    "restore.none-verified": {
        "en": "{series} has no verified backup (an unverified one: --backup ID, see `toban backups list`)",
        "ja": "{series} に検証済みのバックアップがありません（未検証のもの: --backup ID、`toban backups list`）",
    },
    "restore.none-so-old": {
        "en": "no verified restore point is that old; the oldest is {oldest}",
        "ja": "それ以前の検証済み復元ポイントはありません。最も古いもの: {oldest}",
    },
    "restore.unplanned": {
        "en": "{id}: the profile has no plan for it any more",
        "ja": "{id}: プロファイルに計画がありません",
    },
    "restore.plan": {"en": "Plan", "ja": "計画"},
    "restore.only": {"en": "Of it only", "ja": "その一部だけ"},
    "restore.comes": {"en": "Comes back", "ja": "復元するもの"},
    "restore.left-out": {"en": "Left out", "ja": "復元しないもの"},
    "restore.nothing-left": {"en": "nothing", "ja": "なし"},
    "restore.unselected": {
        "en": "what comes of it could not be told from here ({error})",
        "ja": "何を復元するかはここからは分かりません（{error}）",
    },
    "restore.unselected-large": {
        "en": "what comes of it is known only while it is loaded: nobody reads {size} for a plan",
        "ja": "何を復元するかは読み込むまで分かりません（計画のために {size} は読みません）",
    },
    "restore.backup": {"en": "Backup", "ja": "バックアップ"},
    "restore.point": {"en": "Restore point", "ja": "復元ポイント"},
    "restore.lost": {"en": "Lost", "ja": "失われるもの"},
    "restore.lost.ahead": {
        "en": "nobody knows: it is dated in the future, by a clock that was wrong",
        "ja": "わかりません。時計が狂っていて、未来の日付になっています",
    },
    "restore.lost.value": {
        "en": "what was written in the {duration} up to {at}",
        "ja": "{at} までの{duration}に書かれたもの",
    },
    "restore.from": {"en": "Read from", "ja": "読み出し元"},
    "restore.size": {"en": "Size", "ja": "サイズ"},
    "restore.time": {"en": "Takes", "ja": "所要時間"},
    "restore.takes": {
        "en": "about {duration}, by the test of {at}",
        "ja": "約{duration}（{at} のテストから）",
    },
    "restore.untested": {
        "en": "unknown: no restore test has passed yet",
        "ja": "不明（合格したリストアテストがありません）",
    },
    "restore.against": {"en": "{takes}; RTO {rto}", "ja": "{takes}、RTO {rto}"},
    "restore.into": {"en": "Into", "ja": "復元先"},
    "restore.elsewhere": {
        "en": "{where}, which is not the source",
        "ja": "{where}（元の場所ではありません）",
    },
    "restore.overwrites": {
        "en": "{where}: THE SOURCE ITSELF is overwritten",
        "ja": "{where}: 元の場所そのものを上書きします",
    },
    "restore.ask": {"en": "Restore? [y/N] ", "ja": "復元しますか [y/N] "},
    "restore.unconfirmed": {
        "en": "this overwrites the data of {service}, and nobody is there to be asked: add --confirm {service} (--yes is not enough)",
        "ja": "{service} のデータを上書きしますが、確認する相手がいません。--confirm {service} を付けてください（--yes だけでは実行しません）",
    },
    "restore.ask-source": {
        "en": "Type the service's name ({service}) to overwrite its data: ",
        "ja": "データを上書きするには、サービスの名前（{service}）を入力してください: ",
    },
    "restore.done": {
        "en": "{id}: restored into {where} in {duration}",
        "ja": "{id}: {where} に復元しました（{duration}）",
    },
    "restore.failed": {"en": "{id} failed: {reason}", "ja": "{id} は失敗しました: {reason}"},
    "restore.stopped": {
        "en": "{id}: nobody goes on with it; see `toban dead list`, then: {command}",
        "ja": "{id}: 続きを行うものがありません。`toban dead list` を見てから: {command}",
    },
    "restore.counts": {"en": "Found there", "ja": "復元先の件数"},
    "restore.within": {"en": "Within the RTO of {rto}.", "ja": "RTO {rto} 以内です。"},
    "restore.beyond": {"en": "Longer than the RTO of {rto}.", "ja": "RTO {rto} を超えました。"},
    "span.wait": {"en": "waiting", "ja": "待ち"},
    "span.fetch": {"en": "fetching", "ja": "取り出し"},
    "span.load": {"en": "loading", "ja": "読み込み"},
    "span.check": {"en": "checking", "ja": "検査"},
    "test.none": {
        "en": "the profile of {service} has no restore tests (backup.restore_test)",
        "ja": "{service} のプロファイルにリストアテスト（backup.restore_test）がありません",
    },
    "test.nothing.none-verified": {
        "en": "nothing verified is there to test a restore with",
        "ja": "テストに使える検証済みのバックアップがありません",
    },
    "test.nothing.no-test": {
        "en": "the applied profile has no restore tests any more",
        "ja": "適用中のプロファイルにリストアテストはもうありません",
    },
    "test.not-begun": {
        "en": "{service}: the restore test did not begin; see `toban dead list`",
        "ja": "{service}: リストアテストが始まりませんでした。`toban dead list` を見てください",
    },
}
