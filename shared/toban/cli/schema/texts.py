"""What `toban schema` says: what each key of a profile is for, as ``CLASS.KEY``."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.schema": {
        "en": "the JSON Schema of a profile, for editors",
        "ja": "プロファイルの JSON Schema を表示（エディター用）",
    },
    "help.schema.of": {
        "en": "profile (default) or team: what the file is",
        "ja": "ファイルの種類: profile（既定）か team",
    },
    "schema.title.profile": {
        "en": "toban: profile of a service",
        "ja": "toban: サービスプロファイル",
    },
    "schema.title.team": {
        "en": "toban: people and rotation of a team",
        "ja": "toban: チームの人とローテーション",
    },
    "schema.Profile.service": {
        "en": "who the service is, and which alerts are its own",
        "ja": "サービスの名前と、どのアラートがこのサービスのものか",
    },
    "schema.Profile.team": {
        "en": "name of a file in `teams/` with people and rotations that several profiles share",
        "ja": "複数のプロファイルで共有する人とローテーションのファイル（`teams/` の中の名前）",
    },
    "schema.Profile.severities": {
        "en": "the service's own scheme of severities",
        "ja": "サービス自身の重大度",
    },
    "schema.Profile.grouping": {
        "en": "which alerts share an incident",
        "ja": "どのアラートを一つのインシデントにまとめるか",
    },
    "schema.Profile.channels": {
        "en": "by what people are reached, by names of your choice",
        "ja": "人に知らせる手段。名前は自由",
    },
    "schema.Profile.people": {
        "en": "who can be on duty or be told, by names of your choice",
        "ja": "当番になる人、知らせる人。名前は自由",
    },
    "schema.Profile.oncall": {"en": "who is on duty when", "ja": "いつ誰が当番か"},
    "schema.Profile.escalation": {
        "en": "what happens to an incident that nobody acknowledges",
        "ja": "誰も対応を引き受けないインシデントをどうするか",
    },
    "schema.Profile.backup": {
        "en": "what is backed up, where to, for how long, and how it is proven",
        "ja": "何を、どこへ、どれだけの期間バックアップし、どう検証するか",
    },
    "schema.Service.id": {
        "en": "lower-case letters, digits and `-`, at most 63; the name of the file",
        "ja": "英小文字・数字・`-`、63 文字まで。ファイル名と同じ",
    },
    "schema.Service.name": {"en": "the name that people read", "ja": "人が読む名前"},
    "schema.Service.name_en": {"en": "the English name", "ja": "英語の名前"},
    "schema.Service.language": {
        "en": "language of notifications and postmortems",
        "ja": "通知とポストモーテムの言語",
    },
    "schema.Service.timezone": {
        "en": "zone of every time in the profile that has none of its own",
        "ja": "タイムゾーンの指定がない時刻のタイムゾーン",
    },
    "schema.Service.match": {
        "en": "rules; one that holds makes the alert this service's",
        "ja": "一つでも当てはまれば、このサービスのアラートになる条件",
    },
    "schema.Service.default": {
        "en": "take the alerts that match no service; one profile only",
        "ja": "どのサービスにも当てはまらないアラートを受ける（一つのプロファイルだけ）",
    },
    "schema.Service.environments": {
        "en": "by name: which alerts are of which environment, and whether people are called for it",
        "ja": "環境の名前ごとに、どのアラートがその環境のものか、人を呼ぶか",
    },
    "schema.Match.labels": {
        "en": "labels that all have to have exactly these values",
        "ja": "すべてがこの値と一致する必要があるラベル",
    },
    "schema.Environment.match": {
        "en": "rules; one that holds makes an alert of the service one of this environment",
        "ja": "一つでも当てはまれば、この環境のアラートになる条件",
    },
    "schema.Environment.pages": {
        "en": "whether people are called for it; else only for `production`",
        "ja": "この環境で人を呼ぶか。既定では `production` だけ",
    },
    "schema.Severity.label": {
        "en": "the service's own word, `P1`",
        "ja": "サービスでの呼び名（`P1`）",
    },
    "schema.Severity.level": {"en": "1 (worst) to 4", "ja": "1（最も重い）〜 4"},
    "schema.Severity.words": {
        "en": "what senders call it, compared without case",
        "ja": "送信元での呼び名。大文字・小文字は区別しない",
    },
    "schema.Severity.respond_within": {
        "en": "response-time target; `0m` is at once; without it the next business day",
        "ja": "対応開始目標。`0m` は即座、書かなければ次営業日",
    },
    "schema.Severity.via": {
        "en": "channels by which a person is reached at this severity, all at once",
        "ja": "この重大度で人に連絡するチャンネル（すべて同時に使う）",
    },
    "schema.Severity.notify": {
        "en": "targets told when such an incident opens, besides the escalation",
        "ja": "インシデントが開いたとき、エスカレーションのほかに知らせる宛先",
    },
    "schema.Severity.postmortem": {
        "en": "a postmortem is mandatory",
        "ja": "ポストモーテムを必須にする",
    },
    "schema.Severity.remind_after": {
        "en": "an incident at which nothing happens for so long comes back to people; by level `1h`, `4h`, `24h`, `72h`",
        "ja": "この時間だけ動きのないインシデントを改めて知らせる。既定はレベル順に `1h`、`4h`、`24h`、`72h`",
    },
    "schema.Grouping.by": {
        "en": "labels, `rule` or `source` whose equal values make one incident; `[]`: one incident a service",
        "ja": "値が等しければ一つのインシデントにするラベル、`rule`、`source`。`[]` ならサービスで一つ",
    },
    "schema.Grouping.window": {
        "en": "an alert joins any incident of its service opened less than this ago",
        "ja": "開いてからこの時間が過ぎるまで、サービスのどのアラートもそのインシデントに加わる",
    },
    "schema.Grouping.max_open": {
        "en": "with so many open, further alerts join the newest incident",
        "ja": "これだけ開いていれば、以降のアラートは最新のインシデントに加わる",
    },
    "schema.Grouping.recheck": {
        "en": "an incident resolved by hand is reopened when its alerts still fire after this",
        "ja": "手動で解決したインシデントを、この時間の後もアラートが続いていれば再び開く",
    },
    "schema.Grouping.expire_after": {
        "en": "an alert of which nothing was heard for so long is closed, never as resolved; at least `1h`",
        "ja": "この時間何も届かないアラートを閉じる（解決済みにはしない）。`1h` 以上",
    },
    "schema.Channel.fallback": {
        "en": "channel used when this one failed for good",
        "ja": "このチャンネルで届かなかったときに使うチャンネル",
    },
    "schema.SlackChannel": {
        "en": "a Slack channel, by incoming webhook or by bot token",
        "ja": "Slack のチャンネル（Incoming Webhook またはボットトークン）",
    },
    "schema.SlackChannel.webhook_secret": {
        "en": "name of the secret with the incoming webhook's URL",
        "ja": "Incoming Webhook の URL を持つシークレットの名前",
    },
    "schema.SlackChannel.token_secret": {
        "en": "name of the secret with a bot token; then messages are updated in place",
        "ja": "ボットトークンを持つシークレットの名前。メッセージは同じ場所で更新される",
    },
    "schema.SlackChannel.channel": {
        "en": "channel to post to, with `token_secret`",
        "ja": "投稿先のチャンネル（`token_secret` と一緒に）",
    },
    "schema.EmailChannel": {
        "en": "mail; without `to` to the person who is the target",
        "ja": "メール。`to` がなければ、宛先の人に送る",
    },
    "schema.EmailChannel.to": {
        "en": "addresses that all mail of this channel goes to",
        "ja": "このチャンネルのメールの送り先",
    },
    "schema.EmailChannel.sender": {"en": "address that mail comes from", "ja": "差出人のアドレス"},
    "schema.WebhookChannel": {"en": "a signed JSON post", "ja": "署名付きの JSON を POST する"},
    "schema.WebhookChannel.url": {
        "en": "`https://` address, public and without a password",
        "ja": "`https://` のアドレス（公開されたもので、パスワードを含まない）",
    },
    "schema.WebhookChannel.url_secret": {
        "en": "name of the secret with an address that holds a token",
        "ja": "トークンを含むアドレスを持つシークレットの名前",
    },
    "schema.WebhookChannel.signing_secret": {
        "en": "name of the secret that signs what is posted",
        "ja": "POST する内容に署名するシークレットの名前",
    },
    "schema.ConsoleChannel": {
        "en": "a line on the log: for trials, and as the last resort",
        "ja": "ログに 1 行を書く。試用と最後の手段のため",
    },
    "schema.Person.name": {"en": "the name that people read", "ja": "人が読む名前"},
    "schema.Person.email": {
        "en": "needed for an `email` channel without `to`",
        "ja": "`to` のない `email` チャンネルに必要",
    },
    "schema.Person.slack": {
        "en": "Slack member id, mentioned in messages",
        "ja": "Slack のメンバー ID。メッセージでメンションする",
    },
    "schema.Person.language": {
        "en": "the person's language; else the service's",
        "ja": "この人の言語。既定はサービスのもの",
    },
    "schema.Person.timezone": {
        "en": "the person's zone, for times in messages to this person; else the service's",
        "ja": "この人のタイムゾーン。本人への通知の時刻に使う。既定はサービスのもの",
    },
    "schema.Rotation.members": {"en": "people, in turn", "ja": "当番になる人（順番）"},
    "schema.Rotation.first_shift": {
        "en": "a hand-over day; there the first member's shift begins",
        "ja": "引き継ぎの曜日の日付。最初の人の当番が始まる日",
    },
    "schema.Rotation.timezone": {
        "en": "zone of the hand-over; else the service's",
        "ja": "引き継ぎのタイムゾーン。既定はサービスのもの",
    },
    "schema.Rotation.handover": {"en": "when shifts change", "ja": "当番を引き継ぐ曜日と時刻"},
    "schema.Rotation.weeks": {"en": "length of a shift in weeks", "ja": "一回の当番の長さ（週）"},
    "schema.Rotation.secondary": {
        "en": "own order of people for the secondary; else the next member",
        "ja": "セカンダリの順番。既定は次の人",
    },
    "schema.Rotation.overrides": {
        "en": "stand-ins; of two that overlap the later in the list",
        "ja": "代わりの人。重なるときはリストで後のものが優先",
    },
    "schema.Handover.weekday": {"en": "day of the week", "ja": "曜日"},
    "schema.Handover.at": {"en": "time of day", "ja": "時刻"},
    "schema.Override.start": {"en": "from when", "ja": "開始"},
    "schema.Override.end": {"en": "until when", "ja": "終了"},
    "schema.Override.person": {"en": "who takes the role", "ja": "代わりに当番になる人"},
    "schema.Override.role": {"en": "which role", "ja": "どの役割か"},
    "schema.Escalation.severities": {
        "en": "labels of the severities that the policy is for; each in one policy only",
        "ja": "このポリシーの対象の重大度。一つの重大度は一つのポリシーだけ",
    },
    "schema.Escalation.steps": {
        "en": "steps by growing `after`, the first at `0m`",
        "ja": "段階。`after` の小さい順で、最初は `0m`",
    },
    "schema.EscalationStep.after": {
        "en": "so long without acknowledgement, counted from the opening",
        "ja": "誰も引き受けないまま、開いてからこの時間が過ぎたら",
    },
    "schema.EscalationStep.notify": {
        "en": "who is told: `oncall:…`, `person:ID`, `channel:ID`",
        "ja": "知らせる宛先（`oncall:…`、`person:ID`、`channel:ID`）",
    },
    "schema.EscalationStep.via": {
        "en": "channels for people in this step; else those of the severity",
        "ja": "この段階で人に連絡するチャンネル。既定は重大度のもの",
    },
}
