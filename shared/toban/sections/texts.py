"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.sections.no-default": {
        "en": "no service says default: true: alerts that match no service go to the built-in service toban, which calls nobody.",
        "ja": "default: true のサービスがありません。どのサービスにも一致しないアラートは組み込みのサービス toban に入り、誰も呼びません。",
    },
    "finding.sections.secret-unset": {
        "en": "TOBAN_SECRET_{name} has no value on this machine.",
        "ja": "このマシンには TOBAN_SECRET_{name} の値がありません。",
    },
    "finding.sections.no-file": {
        "en": "service {id} is in force without a file: its alerts and backups go on. `toban services retire {id}` ends it.",
        "ja": "サービス {id} はファイルがないまま有効です（アラートもバックアップも続きます）。終わらせるには `toban services retire {id}`。",
    },
    "finding.sections.beside": {
        "en": "{finding} (Service {id} is in force without a file: `toban services retire {id}` ends it.)",
        "ja": "{finding}（サービス {id} はファイルがないまま有効です。終わらせるには `toban services retire {id}`）",
    },
    "finding.sections.inactive": {
        "en": "there is no {name} section: {inactive} inactive.",
        "ja": "{name} がないので{inactive}は無効です。",
    },
    "finding.sections.team-clash": {
        "en": "the team file has {path} as well ({place}); this profile's own is used.",
        "ja": "{path} はチームのファイルにもあります（{place}）。このプロファイルのものが使われます。",
    },
    "finding.sections.file-name": {
        "en": "a profile's file is named after its service: {service}.yaml.",
        "ja": "ファイル名はサービス ID と同じにします: {service}.yaml",
    },
    "finding.sections.unused-team": {
        "en": "no profile names this team.",
        "ja": "どのプロファイルもこのチームを使っていません。",
    },
    "finding.sections.duplicate-service": {
        "en": "service {service} is also defined in {other}.",
        "ja": "サービス {service} は {other} にもあります。",
    },
    "finding.sections.no-profiles": {
        "en": "no profiles (*.yaml) in this directory. `toban init` writes a first one.",
        "ja": "プロファイル（*.yaml）がありません。`toban init` で最初のものを作れます。",
    },
    "finding.sections.no-directory": {
        "en": "no such directory. `toban init` writes a first profile; `--services DIR` says where else they are.",
        "ja": "ディレクトリがありません。最初のプロファイルは `toban init` で作れます。ほかの場所は --services DIR で指定します。",
    },
    "finding.sections.unknown-team": {
        "en": "there is no team file {file}.{hint}",
        "ja": "チームのファイル {file} がありません。{hint}",
    },
    "finding.sections.not-yet": {
        "en": "there is no {name} section yet: its name is settled, this release knows none.",
        "ja": "{name} はまだありません。名前は決まっていますが、この版では使えません。",
    },
}

both: Final = Catalogue(TEXTS).both
