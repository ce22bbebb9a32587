"""What every command may say: what was asked wrongly, columns and options that several have."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "none.listed": {"en": "There are none.", "ja": "該当するものはありません。"},
    "help.toban": {
        "en": "toban: whoever is on duty. Operations as events.",
        "ja": "toban（当番）: 運用をイベントで動かします。",
    },
    "help.more": {
        "en": "`toban COMMAND --help` explains a command. `toban demo` shows everything in 15 seconds.",
        "ja": "`toban コマンド --help` で各コマンドの説明、`toban demo` で15秒の実演。",
    },
    "help.commands": {"en": "commands", "ja": "コマンド"},
    "help.data": {
        "en": "directory with all local state (default: .toban)",
        "ja": "状態をすべて置くディレクトリ（既定: .toban）",
    },
    "help.services": {
        "en": "directory with the service profiles (default: infra/services)",
        "ja": "サービスプロファイルのディレクトリ（既定: infra/services）",
    },
    "help.lang": {
        "en": "language for people (default: from LANG)",
        "ja": "表示言語（既定: LANG から）",
    },
    "help.json": {"en": "for scripts: JSON on standard output", "ja": "スクリプト用に JSON で出力"},
    "help.version": {"en": "show the version", "ja": "バージョンを表示"},
    "help.status": {"en": "only these", "ja": "状態で絞る"},
    "help.as": {
        "en": "who you are (default: $USER; in a project your token tells)",
        "ja": "操作者の名前（既定: $USER。プロジェクトではトークンで決まります）",
    },
    "help.note": {"en": "a note to go with it", "ja": "添えるメモ"},
    "help.environment": {"en": "only this environment", "ja": "この環境だけ"},
    "help.service": {"en": "only this service", "ja": "このサービスだけ"},
    "help.list": {"en": "list", "ja": "一覧"},
    "help.show": {"en": "show one", "ja": "詳細"},
    "argparse.usage": {"en": "usage: ", "ja": "使い方: "},
    "argparse.positional": {"en": "positional arguments", "ja": "引数"},
    "argparse.options": {"en": "options", "ja": "オプション"},
    "argparse.help": {"en": "show this help message and exit", "ja": "このヘルプを表示して終了"},
    "argparse.argument": {
        "en": "argument %(argument_name)s: %(message)s",
        "ja": "%(argument_name)s: %(message)s",
    },
    "argparse.required": {
        "en": "the following arguments are required: %s",
        "ja": "引数が足りません: %s",
    },
    "argparse.unrecognized": {"en": "unrecognized arguments: %s", "ja": "余分な引数があります: %s"},
    "argparse.not-with": {
        "en": "not allowed with argument %s",
        "ja": "%s と同時には使えません",
    },
    "argparse.one-of": {
        "en": "one of the arguments %s is required",
        "ja": "%s のどれか一つが必要です",
    },
    "argparse.no-value": {
        "en": "ignored explicit argument %r",
        "ja": "値 %r は指定できません",
    },
    "argparse.one": {"en": "expected one argument", "ja": "値を一つ指定してください"},
    "argparse.at-most-one": {
        "en": "expected at most one argument",
        "ja": "指定できる値は一つまでです",
    },
    "argparse.at-least-one": {
        "en": "expected at least one argument",
        "ja": "値を一つ以上指定してください",
    },
    "argparse.invalid": {
        "en": "invalid %(type)s value: %(value)r",
        "ja": "値 %(value)r を数として読めません",
    },
    "error": {"en": "toban: {message}", "ja": "toban: {message}"},
    "error.choice": {
        "en": "{word!s}: no such {what}.{hint}",
        "ja": "{word!s}: そのような{what}はありません。{hint}",
    },
    "error.nobody": {
        "en": "{word!s}: no such {what}.{hint}",
        "ja": "{word!s}: そのような{what}はいません。{hint}",
    },
    "error.meant": {"en": " Did you mean {word}?", "ja": "もしかして: {word}"},
    "error.known": {"en": " There are: {words}.", "ja": "指定できるもの: {words}"},
    "error.usage": {
        "en": "{message} (see `{program} --help`)",
        "ja": "{message}（`{program} --help` を参照）",
    },
    "error.option": {
        "en": "unknown option {word}.{hint}",
        "ja": "オプション {word} はありません。{hint}",
    },
    "what.command": {"en": "command", "ja": "コマンド"},
    "what.choice": {"en": "choice", "ja": "選択肢"},
    "what.service": {"en": "service", "ja": "サービス"},
    "ambiguous": {
        "en": "{word} is not unique: {words}",
        "ja": "{word} は複数に当てはまります: {words}",
    },
    "bad.since": {
        "en": "{word!r} is not a time; write 7d, 12h or 2026-11-22T12:00+09:00",
        "ja": "{word!r} は時刻として読めません。7d、12h、2026-11-22T12:00+09:00 のように書きます",
    },
    "data.unreadable": {
        "en": "not shown, because this version of toban cannot read it (did a newer one write it?):",
        "ja": "この版のtobanでは読めないため、表示していません（新しい版が書いたものではありませんか）:",
    },
    "data.unreadable.one": {
        "en": "this version of toban cannot read {path} (did a newer one write it?): {why}",
        "ja": "この版のtobanでは {path} を読めません（新しい版が書いたものではありませんか）: {why}",
    },
    "data.unreadable.part": {
        "en": "the store holds what this version of toban cannot read (did a newer one write it?): {why}",
        "ja": "この版のtobanでは読めないものがストアにあります（新しい版が書いたものではありませんか）: {why}",
    },
    "data.none": {
        "en": "there is nothing in {data} yet; start with `toban apply` or `toban dev`, or name another place with --data",
        "ja": "{data} にはまだ何もありません。`toban apply` か `toban dev` で始めるか、--data で場所を指定してください",
    },
    "data.file": {
        "en": "{data} is a file: --data names a directory",
        "ja": "{data} はファイルです。--data にはディレクトリを指定してください",
    },
    "data.emulated": {
        "en": "`toban dev --emulators` runs on {data} and keeps its documents in the Firestore emulator. Look there: FIRESTORE_EMULATOR_HOST={firestore} toban … --project {project}",
        "ja": "{data} では `toban dev --emulators` が動いており、文書は Firestore エミュレーターにあります。見るには: FIRESTORE_EMULATOR_HOST={firestore} toban … --project {project}",
    },
    "bad.time": {
        "en": "{word!r} is not a time; write 2026-11-22T12:00+09:00",
        "ja": "{word!r} は時刻として読めません。2026-11-22T12:00+09:00 のように書きます",
    },
    "bad.json": {
        "en": "{where}: not JSON: {error}",
        "ja": "{where}: JSON として読めません: {error}",
    },
    "env.line": {
        "en": "write TOBAN_NAME=value; a line that is none is empty or begins with #",
        "ja": "TOBAN_NAME=値 と書きます。それ以外は空行か # で始まる行だけです",
    },
    "env.name": {
        "en": "{name}: only variables TOBAN_… are read from this file",
        "ja": "{name}: このファイルから読むのは TOBAN_ で始まる変数だけです",
    },
    "env.value": {
        "en": "{name}: write '…' around a value with spaces, quotes or #; quotes have to be closed",
        "ja": "{name}: 空白・引用符・# を含む値は '…' で囲み、引用符は閉じてください",
    },
    "env.twice": {
        "en": "{name} is set twice in this file",
        "ja": "{name} がこのファイルに二度あります",
    },
    "env.form": {
        "en": "{name}: the value has not the form that this variable needs (a number, or true or false)",
        "ja": "{name}: 値の形式が正しくありません（数値、または true か false を書きます）",
    },
    "env.meant": {
        "en": "{where}: {name} is read by nothing; did you mean {meant}?",
        "ja": "{where}: {name} はどこでも使われません。もしかして: {meant}",
    },
    "env.unused": {
        "en": "{where}: {name} is read by nothing",
        "ja": "{where}: {name} はどこでも使われません",
    },
    "env.text": {"en": "{path}: not UTF-8", "ja": "{path}: UTF-8 ではありません"},
    "env.no-file": {"en": "{path}: no regular file", "ja": "{path}: 通常のファイルではありません"},
    "env.mode": {
        "en": "{path} holds secrets, and others on this machine may read or change it (mode {mode}): chmod 600 {path}",
        "ja": "{path} にはシークレットがありますが、ほかの利用者が読み書きできます（モード {mode}）。chmod 600 {path} を実行してください",
    },
    "unreadable": {"en": "{where}: {error}", "ja": "{where}: {error}"},
    "column.id": {"en": "ID", "ja": "ID"},
    "column.service": {"en": "SERVICE", "ja": "サービス"},
    "column.severity": {"en": "SEV", "ja": "重大度"},
    "column.status": {"en": "STATUS", "ja": "状態"},
    "due.in": {"en": "in {duration}", "ja": "あと{duration}"},
    "due.late": {"en": "{duration} late", "ja": "{duration}超過"},
    "column.error": {"en": "ERROR", "ja": "エラー"},
    "column.function": {"en": "FUNCTION", "ja": "関数"},
    "column.change": {"en": "CHANGE", "ja": "変更"},
    "oncall.nobody": {"en": "nobody", "ja": "なし"},
    "column.detail": {"en": "DETAIL", "ja": "内容"},
    "help.in-project": {
        "en": "Google Cloud project instead of the data directory",
        "ja": "データディレクトリの代わりに Google Cloud のプロジェクト",
    },
    "ask.nobody": {
        "en": "nobody is there to ask; say --yes",
        "ja": "確認できる端末がありません。--yes を付けてください",
    },
    "ask.kept": {"en": "Nothing was done.", "ja": "何もしませんでした。"},
    "follow.goes-on": {
        "en": "It goes on in `toban dev`. To see how far it is: {command}",
        "ja": "`toban dev` が続けています。進行を見るには: {command}",
    },
    "follow.resumes": {
        "en": "Stopped here. `toban dev` goes on from where it was, and so does: {command}",
        "ja": "ここで中断しました。続きは `toban dev` か次のコマンドが行います: {command}",
    },
    "help.location": {
        "en": "location of the jobs, such as asia-northeast1 (default: TOBAN_LOCATION)",
        "ja": "ジョブのロケーション。asia-northeast1 など（既定: TOBAN_LOCATION）",
    },
    "follow.functions-go-on": {
        "en": "It goes on in the project. To see how far it is: {command}",
        "ja": "プロジェクトの関数が続けています。進行を見るには: {command}",
    },
    "command.refused": {"en": "refused: {reason}", "ja": "拒否されました: {reason}"},
    "command.as": {
        "en": "in the project {project} you act as yourself: leave --as out",
        "ja": "プロジェクト {project} では本人として操作します。--as は使えません",
    },
    "command.where": {
        "en": "where does ingest_action answer? Set TOBAN_PUBLIC_URL, or TOBAN_LOCATION to where it is deployed",
        "ja": "ingest_action のアドレスがわかりません。TOBAN_PUBLIC_URL か、デプロイ先の TOBAN_LOCATION を設定してください",
    },
    "command.insecure": {
        "en": "{url} is not https: an ID token is not sent there",
        "ja": "{url} は https ではないため、ID トークンを送りません",
    },
    "command.no-gcloud": {
        "en": "no ID token: install gcloud and run `gcloud auth login`, or set TOBAN_ID_TOKEN",
        "ja": "ID トークンがありません。gcloud を入れて `gcloud auth login` を実行するか、TOBAN_ID_TOKEN を設定してください",
    },
    "command.no-token": {
        "en": "gcloud gives no ID token: {error}",
        "ja": "gcloud から ID トークンを得られません: {error}",
    },
    "command.unknown": {
        "en": "{url} does not accept your ID token: it may have expired, or its audience is missing in TOBAN_AUDIENCES there",
        "ja": "{url} が ID トークンを受け付けません。期限切れか、トークンの対象（audience）が TOBAN_AUDIENCES にありません",
    },
    "command.not-allowed": {
        "en": "{url} knows you, but you are not in TOBAN_ACTORS there",
        "ja": "{url} は本人を識別しましたが、TOBAN_ACTORS に登録がありません",
    },
    "command.not-taken": {
        "en": "{url} has not taken the command ({status}): {error}",
        "ja": "{url} が操作を受け付けませんでした（{status}）: {error}",
    },
    "what.incident": {"en": "incident", "ja": "インシデント"},
}
