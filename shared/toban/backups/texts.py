"""What checking has to say."""

from __future__ import annotations

from typing import Final

from toban.texts import Catalogue, Texts

TEXTS: Final[Texts] = {
    "finding.backup.bad-key": {
        "en": "expected a Cloud KMS key (projects/…/locations/…/keyRings/…/cryptoKeys/…) or secret:NAME.",
        "ja": "Cloud KMS の鍵（projects/…/locations/…/keyRings/…/cryptoKeys/…）か secret:名前 を書きます。",
    },
    "finding.backup.key-twice": {
        "en": "this key is named already.",
        "ja": "この鍵はすでに指定されています。",
    },
    "finding.backup.only-former-keys": {
        "en": "without `key` backups are not encrypted: name the key that wraps now.",
        "ja": "`key` がないとバックアップは暗号化されません。現在の鍵を指定してください。",
    },
    "finding.backup.no-destination": {
        "en": "there is nowhere to keep backups.",
        "ja": "保存先がありません。",
    },
    "finding.backup.unused-source": {
        "en": "no plan ever backs up {name}.",
        "ja": "{name} をバックアップする計画がありません。",
    },
    "finding.backup.empty": {"en": "the region is empty.", "ja": "リージョンが空です。"},
    "finding.backup.same-destination": {
        "en": "the bucket {bucket} is a destination already.",
        "ja": "バケット {bucket} は上にもあります。",
    },
    "finding.backup.unused-destination": {
        "en": "no plan uses {bucket}.",
        "ja": "{bucket} を使う計画がありません。",
    },
    "finding.backup.wrong-value": {"en": "at least 1.", "ja": "1 以上にしてください。"},
    "finding.backup.reread-too-often": {
        "en": "at least 1d: everything that is kept is read again in this time.",
        "ja": "1d 以上にしてください。残っているものすべてをこの期間で読み返します。",
    },
    "finding.backup.seldom-read": {
        "en": "an old copy may rot for more than a year before anybody notices.",
        "ja": "古いコピーの破損に一年以上気づけないことがあります。",
    },
    "finding.backup.target-shared": {
        "en": "{place} is the target for {source}{whose} as well: one test would overwrite what the other has loaded.",
        "ja": "{place} は{whose} {source} のリストアテストの復元先でもあります。一方のテストがもう一方のデータを上書きしてしまいます。",
    },
    "finding.backup.unknown-source": {
        "en": "there is no source {name}.{hint}",
        "ja": "バックアップ対象 {name} は定義されていません。{hint}",
    },
    "finding.backup.no-plans": {
        "en": "without plans nothing is ever backed up.",
        "ja": "計画がないので何もバックアップされません。",
    },
    "finding.backup.keeps-nothing": {
        "en": "nothing would be kept: give daily, weekly, monthly, yearly, keep_days or forever.",
        "ja": "何も残りません。daily、weekly、monthly、yearly、keep_days、forever のどれかを書きます。",
    },
    "finding.backup.no-base": {
        "en": "it needs a full (not incremental) plan of {source} to build on.",
        "ja": "{source} のフルバックアップ（incremental でない）の計画も必要です。",
    },
    "finding.backup.duplicate-series": {
        "en": "{source} has a class {class_} already: backup.plans[{first}].",
        "ja": "{source} の {class_} は backup.plans[{first}] にもあります。",
    },
    "finding.backup.wrong-value.max_shrink": {
        "en": "expected 0 to 100 (per cent).",
        "ja": "0 から 100（%）にしてください。",
    },
    "finding.backup.not-negative": {
        "en": "expected 0 or more.",
        "ja": "0 以上にしてください。",
    },
    "finding.backup.never-used": {
        "en": "with forever the other rules mean nothing.",
        "ja": "forever があるので、ほかの規則は意味を持ちません。",
    },
    "finding.backup.unknown-destination": {
        "en": "there is no destination {name}.{hint}",
        "ja": "保存先 {name} は定義されていません。{hint}",
    },
    "finding.backup.same-region": {
        "en": "{other} and {name} are both in {region}; the destinations of a plan must be in different regions.",
        "ja": "{other} と {name} は同じリージョン {region} です。一つの計画の保存先はリージョンを分けます。",
    },
    "finding.backup.base-elsewhere": {
        "en": "the full backups are not in the same destinations; each must be able to restore alone.",
        "ja": "フルバックアップが同じ保存先にありません。どの保存先からも単独で復元できるようにします。",
    },
    "finding.backup.wrong-value.2": {
        "en": "only restore tests reach restored; ask for format at most.",
        "ja": "restored はリストアテストに合格したときだけ付きます。format までにしてください。",
    },
    "finding.backup.same-destination.destinations": {
        "en": "{name} is named twice.",
        "ja": "{name} が二度書かれています。",
    },
    "finding.backup.base-too-short": {
        "en": "it is kept for {plan:days}, but what it builds on only for {longest}.",
        "ja": "増分は {plan} 日残りますが、もとになるフルバックアップは {longest} 日しか残りません。",
    },
    "finding.backup.incomplete": {
        "en": "the target for {source} needs {needed}.",
        "ja": "{source} のテスト先には {needed} が必要です。",
    },
    "finding.backup.duplicate-objective": {
        "en": "there is another objective {name}.",
        "ja": "目標 {name} がもう一つあります。",
    },
    "finding.backup.empty.sources": {
        "en": "it does not say what has to be restored.",
        "ja": "何を戻すのか書かれていません。",
    },
    "finding.backup.nothing-to-watch": {
        "en": "with neither rpo nor rto there is nothing to watch.",
        "ja": "rpo も rto もないので何も確かめません。",
    },
    "finding.backup.rto-unmeasured": {
        "en": "there is no restore_test, so nothing measures how long recovery takes.",
        "ja": "restore_test がないので、復旧時間は測られません。",
    },
    "finding.backup.tests-too-rare": {
        "en": "the tests are up to {gap} apart, but every is {every}.",
        "ja": "リストアテストの間隔は最大{gap}ですが、every は{every}です。",
    },
    "finding.backup.duplicate-target": {
        "en": "there is a target for {source} already.",
        "ja": "{source} のテスト先は上にもあります。",
    },
    "finding.backup.rpo-without-plan": {
        "en": "no plan backs up {source}, so the RPO is never met.",
        "ja": "{source} をバックアップする計画がないので、RPO は決して守れません。",
    },
    "finding.backup.never-restored": {
        "en": "restore_test has no target for {name}: nothing shows that it can be restored.",
        "ja": "{name} のテスト先（restore_test.targets）がなく、戻せることが確かめられません。",
    },
    "finding.backup.whose": {"en": " of {service}", "ja": "サービス {service} の"},
    "finding.backup.target-is-source": {
        "en": "the target is the source {name}{whose} itself: the test would overwrite it.",
        "ja": "リストアテストの復元先が{whose}バックアップ対象 {name} そのものです。上書きしてしまいます。",
    },
    "finding.backup.target-is-destination": {
        "en": "{bucket} keeps the backups{whose}: use another bucket.",
        "ja": "{bucket} は{whose}バックアップの保存先です。別のバケットを使ってください。",
    },
    "finding.backup.one-region": {
        "en": "it is kept in {name} only: there is no second region.",
        "ja": "{name} だけに残ります。第二のリージョンがありません。",
    },
    "finding.backup.cannot-tell": {
        "en": "{source} cannot tell whether it changed ({able} can).",
        "ja": "{source} は変わったかどうかが分からない種類です（{able} だけ）。",
    },
    "finding.backup.not-incremental": {
        "en": "{source} cannot be backed up incrementally; {able} can.",
        "ja": "{source} は増分バックアップできません（{able} だけ）。",
    },
    "finding.backup.rpo-missed": {
        "en": "{objective}: the RPO is {rpo}, but backups of {sources} are up to {gap} apart.",
        "ja": "「{objective}」の RPO は{rpo}ですが、{sources} のバックアップは最大{gap}間隔が空きます。",
    },
    "finding.backup.rpo-tight": {
        "en": "{objective}: the RPO is {rpo} and backups of {sources} are up to {gap} apart, which leaves less than {allowance} to take and verify one.",
        "ja": "「{objective}」の RPO は{rpo}で、{sources} のバックアップは最大{gap}間隔が空きます。取得と検証の時間（{allowance}）の余裕がありません。",
    },
    "section.backup": {"en": "backups", "ja": "バックアップ"},
    "finding.backup.unknown-environment": {
        "en": "service.environments has no {environment}.{hint}",
        "ja": "環境 {environment} は service.environments にありません。{hint}",
    },
}

both: Final = Catalogue(TEXTS).both
