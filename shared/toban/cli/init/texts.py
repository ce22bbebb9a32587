"""What `toban init` asks and says, and the comments of the files that it writes."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.init": {
        "en": "begin with a service: its first profile, and secrets for this machine",
        "ja": "サービスを始める: 最初のプロファイルと、このマシン用のシークレットを作る",
    },
    "help.init.directory": {
        "en": "where to begin (default: here)",
        "ja": "始める場所（既定: ここ）",
    },
    "help.init.name": {"en": "name of the service, for people", "ja": "サービスの名前（表示用）"},
    "help.init.id": {
        "en": "its id: a-z, 0-9 and - (default: from the name)",
        "ja": "サービスの ID。a-z、0-9、-（既定: 名前から）",
    },
    "help.init.zone": {
        "en": "time zone, as Asia/Tokyo (default: this machine's)",
        "ja": "タイムゾーン。Asia/Tokyo など（既定: このマシンのもの）",
    },
    "help.init.person": {
        "en": "who is on duty, as 'Aoki <aoki@example.jp>'; may be repeated, in turn",
        "ja": "当番になる人。'青木 <aoki@example.jp>' の形、順番に繰り返し可",
    },
    "help.init.yes": {
        "en": "ask nothing: defaults for what no option says",
        "ja": "質問せず、指定のないものは既定値にする",
    },
    "help.init.dry-run": {
        "en": "only show what would be written",
        "ja": "書き込む内容を表示するだけ",
    },
    "init.ask.name": {"en": "Name of the service", "ja": "サービスの名前"},
    "init.ask.id": {
        "en": "Its id (a-z, 0-9, -)",
        "ja": "サービスの ID（a-z、0-9、-）",
    },
    "init.ask.zone": {"en": "Time zone", "ja": "タイムゾーン"},
    "init.ask.people": {
        "en": "Who is on duty, in turn? One a line, Name <mail>; an empty line ends.",
        "ja": "当番になる人を順番に。1行に1人、名前 <メール>。空行で終わり。",
    },
    "init.bad-name": {
        "en": "{word!r} is no name: one line, at most 100 characters",
        "ja": "{word!r} は名前にできません。1行、100 文字までです",
    },
    "init.bad-person": {
        "en": "{word!r} is no person: write Aoki <aoki@example.jp>",
        "ja": "{word!r} は人として読めません。青木 <aoki@example.jp> のように書きます",
    },
    "init.twice": {"en": "{word} is named twice", "ja": "{word} が二度あります"},
    "init.nobody": {
        "en": "nobody is there to ask: give {flag}, or --yes for the defaults",
        "ja": "質問できる端末がありません。{flag} を指定するか、--yes で既定値にしてください",
    },
    "init.no-directory": {
        "en": "{path} is no directory",
        "ja": "{path} はディレクトリではありません",
    },
    "init.data": {
        "en": "--data {path}: no name that a .gitignore could have; give one such as .toban",
        "ja": "--data {path}: .gitignore に書ける名前ではありません。.toban のような名前を指定してください",
    },
    "init.there": {
        "en": "{path} is there already; nothing was written. Another service has another name (--name, --id)",
        "ja": "{path} はすでにあります。何も書き込みませんでした。別のサービスなら名前を変えてください（--name、--id）",
    },
    "init.same-id": {
        "en": "a service {id} is among the profiles in {path} already; nothing was written",
        "ja": "{path} のプロファイルにサービス {id} がすでにあります。何も書き込みませんでした",
    },
    "init.written": {"en": "wrote {path}", "ja": "書き込みました: {path}"},
    "init.added": {"en": "added to {path}", "ja": "追記しました: {path}"},
    "init.kept": {
        "en": "kept {path} as it is",
        "ja": "そのままにしました: {path}",
    },
    "init.would-written": {"en": "would write {path}:", "ja": "書き込む予定: {path}"},
    "init.would-added": {"en": "would add to {path}:", "ja": "追記する予定: {path}"},
    "init.hidden": {"en": "(a new secret)", "ja": "（新しいシークレット）"},
    "init.next": {"en": "Next:", "ja": "次の手順:"},
    "init.next.in": {"en": "Next, in {path}:", "ja": "次の手順（{path} で）:"},
    "init.next.dev": {
        "en": "runs everything here; edit the profile meanwhile",
        "ja": "すべてをここで動かします。動かしたままプロファイルを編集できます",
    },
    "init.next.send": {
        "en": "in a second terminal: a sample alert, which calls whoever is on duty",
        "ja": "別の端末で: サンプルのアラートを送り、当番を呼びます",
    },
    "init.next.ack": {
        "en": "you take it: nobody else is called",
        "ja": "対応を引き受けます（ACK）。ほかの人は呼ばれません",
    },
    "init.env.head": {
        "en": "Secrets and settings of this machine, one TOBAN_NAME=value a line. Every command on the\ndata directory beside it reads them; what is in the environment wins. Never commit it.",
        "ja": "このマシンのシークレットと設定。1行に TOBAN_NAME=値 を一つ書きます。隣のデータディレクトリを\n使うコマンドがすべて読み、環境変数にあるものが優先されます。コミットしないでください。",
    },
    "init.profile.head": {
        "en": "How this service is operated. `toban check` proves this file, `toban explain` tells whom an\nalert would call, and a running `toban dev` takes up what you change here.",
        "ja": "このサービスの運用の決まり。`toban check` で検査し、`toban explain` で誰が呼ばれるかを確かめます。\n実行中の `toban dev` は、ここでの変更をそのまま反映します。",
    },
    "init.profile.default": {
        "en": "takes alerts that match no service",
        "ja": "どのサービスにも一致しないアラートの受け皿",
    },
    "init.profile.match": {
        "en": "Alerts are ours by their label service, whatever is said here; or by rules of your own:",
        "ja": "ラベル service がこの ID のアラートは、つねにこのサービスのもの。ほかのラベルでも決められる:",
    },
    "init.profile.words": {
        "en": "what senders call it",
        "ja": "送信元での呼び方",
    },
    "init.profile.respond": {
        "en": "somebody has it within this time",
        "ja": "この時間内に対応を始める目標",
    },
    "init.profile.posted": {"en": "posted; calls nobody", "ja": "知らせるだけで、人は呼ばない"},
    "init.profile.console": {"en": "the terminal of `toban dev`", "ja": "`toban dev` の端末"},
    "init.profile.mail": {
        "en": "by TOBAN_SMTP_HOST; without it, see `toban outbox list`",
        "ja": "TOBAN_SMTP_HOST で送る。なければ `toban outbox list`",
    },
    "init.profile.slack": {
        "en": "Slack, with TOBAN_SECRET_SLACK_WEBHOOK_OPS in the env file beside the data directory:\n  ops: {{type: slack, webhook_secret: SLACK_WEBHOOK_OPS, fallback: console}}",
        "ja": "Slack なら、データディレクトリの隣の env ファイルに TOBAN_SECRET_SLACK_WEBHOOK_OPS を書いて:\n  ops: {{type: slack, webhook_secret: SLACK_WEBHOOK_OPS, fallback: console}}",
    },
    "init.profile.members": {
        "en": "a week each; the next one is secondary",
        "ja": "1週間ずつ。次の人が副当番",
    },
    "init.profile.first": {"en": "at once", "ja": "すぐに"},
    "init.profile.all": {"en": "if nobody has it by then", "ja": "誰も対応を引き受けないとき"},
}
