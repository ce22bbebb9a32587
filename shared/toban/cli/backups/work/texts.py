"""What `toban backups run`, `replicate` and `verify` say."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "follow.next": {"en": "waiting for the next step", "ja": "次の段階を待機中"},
    "follow.stopped": {
        "en": "{id}: nobody goes on with it; see `toban dead list`, `toban parked list` and `toban backups show {id}`",
        "ja": "{id}: 続きを行うものがありません。`toban dead list`、`toban parked list`、`toban backups show {id}` を見てください",
    },
    "follow.never-began": {
        "en": "{id} did not begin; see `toban dead list` and `toban parked list`",
        "ja": "{id} は始まりませんでした。`toban dead list` と `toban parked list` を見てください",
    },
    "run.already": {"en": "One is being taken already: {id}", "ja": "すでに取得中です: {id}"},
    "run.joined": {
        "en": "It was being taken already; this request started none of its own.",
        "ja": "すでに取得中だったもので、この依頼では新しく始めていません。",
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
    "run.queued": {
        "en": "Asked for: {id}\n  follow it: {command}",
        "ja": "依頼しました: {id}\n  経過を見る: {command}",
    },
    "run.nobody": {
        "en": "nobody works on {data} now; it begins with `toban dev`, or without --no-wait",
        "ja": "{data} ではいま何も動いていません。`toban dev` を始めるか、--no-wait なしで実行してください",
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
}
