"""What `toban new` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.new": {
        "en": "begin something new in this checkout",
        "ja": "このチェックアウトに新しく追加する",
    },
    "help.new.function": {
        "en": "a function with its map entry, document, test and crash cases",
        "ja": "関数を追加する（トポロジーの項目、文書、テスト、異常終了のケースを含む）",
    },
    "help.new.name": {
        "en": "verb and noun: record_deploy",
        "ja": "動詞と名詞（record_deploy など）",
    },
    "help.new.on": {"en": "the topic it consumes", "ja": "受け取るトピック"},
    "help.new.domain": {
        "en": "the package below toban that it belongs to (default: its documents: deploys)",
        "ja": "属するパッケージ（既定: 文書の名前、deploys など）",
    },
    "help.new.dry-run": {
        "en": "only say what would be written",
        "ja": "書き込む内容を表示するだけ",
    },
    "what.topic": {"en": "topic on the map", "ja": "トピック"},
    "new.wrote": {"en": "wrote {path}", "ja": "書き込みました: {path}"},
    "new.would": {"en": "would write {path}", "ja": "書き込む予定: {path}"},
    "new.next": {
        "en": "Next: docs/adding-a-domain.md, then `make check`.",
        "ja": "次の手順: docs/adding-a-domain.md を読み、`make check` を実行します。",
    },
    "new.installed": {
        "en": "this toban is installed ({at}); code is added to a checkout of its repository",
        "ja": "この toban はインストールされたものです（{at}）。コードはリポジトリのチェックアウトに追加します",
    },
    "new.map": {"en": "make map failed:\n{error}", "ja": "make map に失敗しました:\n{error}"},
}
