"""What whoever edits profiles beside a local runtime is told."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "edits.new": {
        "en": "toban dev: profile {service} taken up ({version}, new)",
        "ja": "toban dev: プロファイル {service} を反映しました（{version}、新規）",
    },
    "edits.changed": {
        "en": "toban dev: profile {service} taken up ({version}); open incidents keep the one they began with",
        "ja": "toban dev: プロファイル {service} を反映しました（{version}）。対応中のインシデントは開始時のプロファイルのままです",
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
    "edits.unset": {
        "en": "toban dev: {n:secrets} without a value: {names}. Set them and start `toban dev` again",
        "ja": "toban dev: 値のないシークレットが {n} 件あります: {names}。設定して `toban dev` を起動し直してください",
    },
}

text: Final = Catalogue(TEXTS)
