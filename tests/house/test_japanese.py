"""Wordings that were left for better ones are refused wherever people read, and nothing else is."""

from __future__ import annotations

import re

import pytest

from tests.house.japanese import INSTEAD, violations
from tests.house.tree import this

LEFT = """\
未確認、確認する（対応を引き受ける、このインシデントを確認しますか、花子が確認しました、確認した人はいません、誰も確認しなかった
誰かが確認するまで、確認されないインシデント、確認がなければ、時間内に確認がなかったため、確認の期限切れ、確認は期限切れ、花子の確認が期限切れ
確認済みのインシデント、解決にする、解決にしました、解決にします、復元試験、復元テスト、復元点、復旧ポイント目標、保管先、バックアップ元、一度も戻されない元
目録、写し、サーバー側で写す、写してください、保持の規則、正（primary）となり、副（secondary）です、同時に正と副です、正と副になる、副の順番、経路
注意（warning）、*注意:* 、が注意します、を注意します、誤り（error）、空のものは誤りです、応答目標、応答の目標、ディレクトリー、リポジトリー、配備
のような型、予定では守れない、予定の時刻、予定のタイムゾーン、計画・予定・保持、プロファイルの予定、リストアテストの予定、書いていない節、方針のリスト
まだ一度もありません、失われうる量、効果は一度だけ、地図は一つ、二つの物語、連鎖全体、暦に従って、状態を保存先に保ちます、1 万件の嵐
鍵で包む、包まれた鍵、包み直す、包んだ鍵、包めば、Google の書き出し、書き出し機能、横に置いた中身、せっかちな人、見本のアラート、模擬です、代役、模型
置き場所、壁の時計、壁時計、空白の直後、全体の計画、全体のバックアップ、対象の全体（incremental でない）、増分の土台、よその規則、よそで取る
ID の若いサービス、勝ちます、誰も知らない言葉、手で解決した、終わりが始まりより後、だけが与えます、を取る計画、計画では届かない、最大 1d 空きます、"ja": "次に"
別のアラートの追加、収まりました、収まってから、収まれば、収束、型に合わなかった、木の最後、関数の木、1 部分、部分に分けて、部分（パート）、{items} 項目
"ja": "確認しない\"、対応中のインシデント"""
FINE = """\
設計書の節番号、季節、節約、状況を確認する、本人確認なし、確認できていません、手動で解決した、相手で解決、内包する、写真、描写、西暦、予定の 1 時間
書き込む予定、全バイト確かめながら書き出します、パスより前の部分、誤りを直す、注意してください、解決済みにする、コピー、正しい、副当番、経過、文字列の型、最大1日間隔が空きます"""


def listed(wordings: str) -> list[str]:
    return [wording for line in wordings.splitlines() for wording in line.split("、")]


def found(text: str) -> list[str]:
    tree = this().having({"README.ja.md": f"# 当番\n\n{text}\n"})
    return [v for v in violations(tree) if v.startswith("README.ja.md:")]


def test_each_wording_is_refused_and_the_better_one_named():
    wordings = listed(LEFT)
    told = found("\n".join(wordings))
    lines = {int(violation.split(":")[1]) for violation in told}
    assert [w for number, w in enumerate(wordings, 3) if number not in lines] == []
    assert "README.ja.md:3: 「未確認」 is written otherwise: 未対応" in told


def test_what_the_same_characters_mean_elsewhere_is_let_be():
    assert found("\n".join(listed(FINE))) == []


@pytest.mark.parametrize("pattern", INSTEAD)
def test_no_pattern_is_there_for_nothing(pattern: str):
    for alternative in alternatives(pattern):
        assert any(re.search(alternative, wording) for wording in listed(LEFT)), alternative


def alternatives(pattern: str) -> list[str]:
    return re.split(r"\|(?![^(]*\))", pattern)
