"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.yaml.fixed-zone": {
        "en": "{zone} names no place, so whose daylight saving it follows is unclear; use a place like Asia/Tokyo.",
        "ja": "{zone} は地名ではないため、どの地域の夏時間に従うかがはっきりしません。地域名（Asia/Tokyo など）を使ってください。",
    },
    "finding.yaml.wrong-value": {
        "en": "not an email address: {address}.",
        "ja": "メールアドレスではありません: {address}",
    },
    "finding.yaml.secret-name": {
        "en": "write the name of a secret (like {example}), never the secret itself.",
        "ja": "シークレットの値ではなく名前（{example} など）を書きます。",
    },
    "finding.yaml.yaml-syntax": {
        "en": "a control character that YAML does not allow.",
        "ja": "YAML で使えない制御文字があります。",
    },
    "finding.yaml.too-big": {
        "en": "the file is bigger than 1 MiB, which no profile needs.",
        "ja": "ファイルが 1 MiB を超えています。",
    },
    "finding.yaml.wrong-type": {
        "en": "the top level must be keys and values ({first}: …).",
        "ja": "最上位はキーと値（{first}: …）でなければなりません。",
    },
    "finding.yaml.unreadable": {"en": "cannot be read: {reason}.", "ja": "読めません: {reason}"},
    "finding.yaml.unknown-key": {
        "en": "unknown key {key}.{hint}",
        "ja": "{key} というキーはありません。{hint}",
    },
    "finding.yaml.tag": {
        "en": "YAML tags like {tag} are not used here.",
        "ja": "YAML タグ {tag} は使えません。",
    },
    "finding.yaml.too-many": {
        "en": "too many values: do aliases multiply each other?",
        "ja": "値が多すぎます（エイリアスの展開が大きすぎないか確かめてください）。",
    },
    "finding.yaml.missing-kind": {
        "en": "the required key {tag_field} ({names}) is missing.",
        "ja": "必須のキー {tag_field}（{names}）がありません。",
    },
    "finding.yaml.list": {"en": "a list ({hint})", "ja": "リスト（{hint}）"},
    "finding.yaml.dict": {"en": "names and values", "ja": "名前と値"},
    "finding.yaml.missing": {
        "en": "the required key {name} is missing.",
        "ja": "必須のキー {name} がありません。",
    },
    "finding.yaml.list-of": {"en": "a list of {n:values}", "ja": "{n} 個の値のリスト"},
    "finding.yaml.key": {"en": "a key (text)", "ja": "キー（文字列）"},
    "finding.yaml.merged": {"en": "other keys and values for <<", "ja": "<< に別のキーと値"},
    "finding.yaml.duplicate-key": {
        "en": "the key {value} is already on line {first}.",
        "ja": "キー {value} は {first} 行目にもあります。",
    },
    "finding.yaml.date": {
        "en": "expected a date YYYY-MM-DD, got {text}.",
        "ja": "日付は YYYY-MM-DD で書きます（{text} は読めません）。",
    },
    "finding.yaml.skipped": {
        "en": "{text} does not exist in {zone}: the clocks skip it. Write {after} or later, or add a UTC offset.",
        "ja": "{text} は {zone} に存在しません（夏時間の切替で飛ばされます）。{after} 以降にするか、UTC オフセットを付けてください。",
    },
    "finding.yaml.id": {
        "en": "expected an id of lower-case letters, digits and '-', beginning with a letter, at most 63 characters, got {text}.",
        "ja": "ID は英小文字で始まる英小文字・数字・ハイフン、63 文字以内です（{text}）。",
    },
    "finding.yaml.integer": {
        "en": "expected a whole number, got {text}.",
        "ja": "整数が必要です（{text}）。",
    },
    "finding.yaml.too-long": {
        "en": "the duration {text} is too long (at most {days}d).",
        "ja": "期間 {text} が長すぎます（最大 {days} 日）。",
    },
    "finding.yaml.moment": {
        "en": "expected a date and time like 2025-01-06 09:00 or 2025-01-06T09:00+09:00, got {text}.",
        "ja": "日時は 2025-01-06 09:00 または 2025-01-06T09:00+09:00 のように書きます（{text} は読めません）。",
    },
    "finding.yaml.no-moment": {
        "en": "there is no such date and time as {text}.",
        "ja": "{text} という日時はありません。",
    },
    "finding.yaml.at-least": {"en": "expected at least {ge}.", "ja": "{ge} 以上にしてください。"},
    "finding.yaml.at-most": {"en": "expected at most {le}.", "ja": "{le} 以下にしてください。"},
    "finding.yaml.pattern": {
        "en": "expected the form {pattern}, got {value}.",
        "ja": "{pattern} の形で書きます（{value}）。",
    },
    "finding.yaml.no-day": {
        "en": "there is no such day as {text}.",
        "ja": "{text} という日付はありません。",
    },
    "finding.yaml.too-often": {
        "en": "{cron} comes more often than every 5 minutes.",
        "ja": "{cron} は 5 分に一度より頻繁です。",
    },
    "finding.yaml.bad-schedule": {
        "en": '{cron} is not cron (minute hour day month weekday, like "0 2 * * *"): {why}.',
        "ja": '{cron} は cron（分 時 日 月 曜日。例 "0 2 * * *"）ではありません: {why}。',
    },
    "finding.yaml.not-utf8": {
        "en": "not UTF-8 (byte {byte}): save the file as UTF-8.",
        "ja": "UTF-8 ではありません（バイト {byte}）。UTF-8 で保存してください。",
    },
    "finding.yaml.empty": {
        "en": "the file is empty; it must have {first}:.",
        "ja": "ファイルが空です。{first}: が必要です。",
    },
    "finding.yaml.not-yaml": {
        "en": "not valid YAML: {problem}.{hint}",
        "ja": "YAML として読めません（{problem}）。{hint}",
    },
    "finding.yaml.hint.tab": {
        "en": " Tabs cannot indent: use spaces.",
        "ja": "字下げにタブは使えません。空白を使ってください。",
    },
    "finding.yaml.hint.alias": {
        "en": " A value that begins with * must be quoted.",
        "ja": "* で始まる値は引用符で囲みます。",
    },
    "finding.yaml.hint.colon": {
        "en": " Quote a value that contains ': ', and look at the indentation.",
        "ja": "「: 」を含む値は引用符で囲みます。字下げも確かめてください。",
    },
    "finding.yaml.hint.full-width": {
        "en": " The colon is full-width (：): write ':' and a space.",
        "ja": "コロンが全角（：）です。半角の「:」と空白を書いてください。",
    },
    "finding.yaml.wide-space": {
        "en": "there is a full-width space (U+3000) here: write plain spaces.",
        "ja": "全角スペースがあります。半角の空白にしてください。",
    },
    "finding.yaml.hint.wide-space": {
        "en": " There is a full-width space (U+3000) in it: write plain spaces.",
        "ja": "全角スペースが入っています。半角の空白にしてください。",
    },
    "finding.yaml.hint.instead": {
        "en": " Write {written}.",
        "ja": "{written} と書きます。",
    },
    "finding.yaml.hint.quote": {
        "en": ' Put it in quotes: "{value}".',
        "ja": '引用符で囲んでください: "{value}"',
    },
    "finding.yaml.hint.unused": {
        "en": " Leave out unused keys.",
        "ja": "使わないキーは書かないでください。",
    },
    "finding.yaml.hint.unit": {
        "en": " Add the unit: {text}s or {text}m.",
        "ja": "単位を付けてください: {text}s または {text}m",
    },
    "finding.yaml.expected": {
        "en": "expected {wanted}, got {got}{shown}.{hint}",
        "ja": "{wanted}が必要ですが、{got}{shown}です。{hint}",
    },
    "finding.yaml.duration": {
        "en": "expected a duration like 90s, 15m, 4h, 7d or 1h30m, got {text}.{hint}",
        "ja": "期間は 90s、15m、4h、7d、1h30m のように書きます（{text} は読めません）。{hint}",
    },
    "finding.yaml.clock": {
        "en": "expected a time of day HH:MM, 00:00 to 23:59, got {text}.{hint}",
        "ja": "時刻は HH:MM（00:00〜23:59）で書きます（{text} は読めません）。{hint}",
    },
    "finding.yaml.zone": {
        "en": "unknown time zone {text}, expected an IANA name like Asia/Tokyo.{hint}",
        "ja": "タイムゾーン {text} はありません。Asia/Tokyo のような IANA 名を書きます。{hint}",
    },
    "finding.yaml.zone-abbreviation": {
        "en": "{text} is an abbreviation and names no place, so nobody knows whose daylight saving is meant.{hint}",
        "ja": "{text} は略称で、地名ではないため、どの地域の夏時間に従うかが決まりません。{hint}",
    },
    "finding.yaml.short": {
        "en": "shorter than {n:characters}.",
        "ja": "短すぎます（{n} 文字以上にしてください）。",
    },
    "finding.yaml.long": {
        "en": "longer than {n:characters}.",
        "ja": "長すぎます（{n} 文字以内にしてください）。",
    },
    "finding.yaml.choice": {
        "en": "expected one of {names}, got {text}.{hint}",
        "ja": "{names} のどれかです（{text}）。{hint}",
    },
    "finding.yaml.boolean": {
        "en": "expected true or false, got {text}.{hint}",
        "ja": "true か false を書きます（{text}）。{hint}",
    },
    "finding.yaml.meant": {"en": " Did you mean {name}?", "ja": "もしかして: {name}"},
    "finding.yaml.none-defined": {
        "en": " None are defined.",
        "ja": "定義されているものはありません。",
    },
    "finding.yaml.known": {"en": " Known: {names}.", "ja": "使えるもの: {names}"},
    "finding.yaml.incomplete": {"en": "it needs {needed}.", "ja": "{needed}が必要です。"},
    "cron.fields": {"en": "it has five fields", "ja": "項目は 5 つ必要です"},
    "cron.character": {
        "en": "it has a character that schedules do not take",
        "ja": "スケジュールに使えない文字があります",
    },
    "cron.minute": {"en": "bad minute", "ja": "分（minute）の指定が誤っています"},
    "cron.hour": {"en": "bad hour", "ja": "時（hour）の指定が誤っています"},
    "cron.day": {
        "en": "bad day of the month",
        "ja": "日（day-of-month）の指定が誤っているか、その日は来ません",
    },
    "cron.month": {"en": "bad month", "ja": "月（month）の指定が誤っています"},
    "cron.weekday": {"en": "bad day of the week", "ja": "曜日（day-of-week）の指定が誤っています"},
    "cron.never": {"en": "that day never comes", "ja": "その日は来ません"},
    "yaml.kind.str": {"en": "text", "ja": "文字列"},
    "yaml.kind.int": {"en": "a whole number", "ja": "整数"},
    "yaml.kind.float": {"en": "a number", "ja": "小数"},
    "yaml.kind.bool": {"en": "a true/false value", "ja": "真偽値"},
    "yaml.kind.null": {"en": "nothing", "ja": "空の値"},
    "yaml.kind.timestamp": {"en": "a date", "ja": "日付"},
    "yaml.kind.seq": {"en": "a list", "ja": "リスト"},
    "yaml.kind.map": {"en": "keys and values", "ja": "キーと値"},
    "yaml.kind.choice": {"en": "one of {names}", "ja": "{names} のどれか"},
    "yaml.kind.duration": {"en": "a duration (like 15m)", "ja": "期間（15m など）"},
    "yaml.kind.clock": {"en": "a time of day (like 09:00)", "ja": "時刻（09:00 など）"},
}

both: Final = Catalogue(TEXTS).both
