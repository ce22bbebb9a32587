"""What a local runtime says as it starts, and to whoever edits profiles meanwhile."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "start.head": {
        "en": "toban {version}, {runtime}, data in {data}",
        "ja": "toban {version}（{runtime}）、データ: {data}",
    },
    "start.profile": {
        "en": "  profile {service} {version} ({what})",
        "ja": "  プロファイル {service} {version}（{what}）",
    },
    "start.what.new": {"en": "new", "ja": "新規"},
    "start.what.changed": {"en": "changed", "ja": "変更あり"},
    "start.what.unchanged": {"en": "unchanged", "ja": "変更なし"},
    "start.what.no-file": {
        "en": "no file; in force until `toban services retire`",
        "ja": "ファイルなし。`toban services retire` まで有効",
    },
    "start.unset": {"en": "  secrets not set: {names}", "ja": "  値のないシークレット: {names}"},
    "start.links": {
        "en": "  links in notifications lead to {url}",
        "ja": "  通知のリンク先: {url}",
    },
    "start.outbox": {
        "en": "  kept in the outbox (toban outbox list), not set: {names}",
        "ja": "  設定がなく、送らずに送信箱に保存します（toban outbox list）: {names}",
    },
    "start.instead": {
        "en": "  not set, so the fallback is called: {names}",
        "ja": "  設定がなく、フォールバックで通知します: {names}",
    },
    "start.unsent": {
        "en": "  not set, so nothing can be sent: {names}",
        "ja": "  設定がなく、送信できません: {names}",
    },
    "start.ready": {"en": "  ready: {url}  log: {log}", "ja": "  準備完了: {url}  ログ: {log}"},
    "start.bad-profiles": {
        "en": "the profiles cannot be loaded:",
        "ja": "プロファイルを読み込めません:",
    },
    "start.bad-map": {"en": "the map is wrong:", "ja": "トポロジーに誤りがあります:"},
    "start.running": {
        "en": "another toban dev runs on {data} already (one is enough)",
        "ja": "{data} ではすでに toban dev が動いています（一つで足ります）",
    },
    "start.clock-virtual": {
        "en": "{data} has a virtual clock: start it with --clock virtual",
        "ja": "{data} は仮想時計のディレクトリです。--clock virtual を付けて起動してください",
    },
    "start.clock-back": {
        "en": "{data} stands at {at}: time does not go back",
        "ja": "{data} の時計は {at} です。時刻は戻せません",
    },
    "start.clock-real": {
        "en": "{data} goes by the machine's clock: take another --data directory",
        "ja": "{data} はこのマシンの時計で動いています。仮想時計には別の --data を指定してください",
    },
    "start.port-taken": {
        "en": "{where} is taken by another process: choose another port by --port",
        "ja": "{where} はほかのプロセスが使用中です。--port で別のポートを指定してください",
    },
    "start.port-denied": {
        "en": "{where} may not be used by this user: choose another port by --port",
        "ja": "{where} を使う権限がありません。--port で別のポートを指定してください",
    },
    "start.emulators-clock": {
        "en": "the emulators have their own time: no --clock virtual with them",
        "ja": "エミュレーターの時刻は変えられません。--clock virtual とは使えません",
    },
    "start.emulators": {
        "en": "toban: starting emulators and functions",
        "ja": "toban: エミュレーターと関数を起動しています",
    },
    "edits.new": {
        "en": "toban dev: profile {service} taken up ({version}, new)",
        "ja": "toban dev: プロファイル {service} を反映しました（{version}、新規）",
    },
    "edits.changed": {
        "en": "toban dev: profile {service} taken up ({version}); open incidents keep the one they began with",
        "ja": "toban dev: プロファイル {service} を反映しました（{version}）。未解決のインシデントは開始時のプロファイルのままです",
    },
    "edits.field": {"en": "  {path}: {old} → {new}", "ja": "  {path}: {old} → {new}"},
    "edits.more": {"en": "  … and {n:fields} more", "ja": "  … ほか {n} 件"},
    "edits.nothing": {"en": "(nothing)", "ja": "（なし）"},
    "edits.refused": {
        "en": "toban dev: profiles not taken up ({n:errors}); what was taken up before stays in force:",
        "ja": "toban dev: プロファイルを反映できません（エラー {n} 件）。前に反映したものが有効なままです:",
    },
    "edits.flawed": {
        "en": "toban dev: the profiles were taken up with errors ({n}); edits are not until these are mended:",
        "ja": "toban dev: エラー {n} 件のあるプロファイルで起動しました。直すまで、変更は反映されません:",
    },
    "edits.mended": {
        "en": "toban dev: the profiles are as they were taken up before",
        "ja": "toban dev: プロファイルは前に反映した内容に戻りました",
    },
    "edits.gone": {
        "en": "toban dev: the file of {service} is gone; the service stays in force. To end it: toban services retire {service}",
        "ja": "toban dev: {service} のファイルがなくなりましたが、サービスは有効なままです。終了するには: toban services retire {service}",
    },
    "edits.settings": {
        "en": "toban dev: {path} has changed; it is read at the start. End `toban dev` and start it again",
        "ja": "toban dev: {path} が変更されました。起動時に読み込むので、`toban dev` を起動し直してください",
    },
    "edits.unset": {
        "en": "toban dev: {n:secrets} without a value: {names}. Set them and start `toban dev` again",
        "ja": "toban dev: 値のないシークレットが {n} 件あります: {names}。設定して `toban dev` を起動し直してください",
    },
}

text: Final = Catalogue(TEXTS)
