"""
One thing has one Japanese word: wordings that we have left for better ones do not come back.

Looked at is what people read: the catalogues of texts, the pages, the profiles, the map. A wording
is as narrow as it has to be to leave alone what the same characters mean elsewhere (``節番号``, a
section of somebody's design).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tests.house.tree import Tree
from toban.topology.generate import ROOT

INSTEAD: Final = {
    # To acknowledge is more than to look.
    "未確認": "未対応",
    "確認する（": "対応を引き受ける（ACK）",
    "このインシデントを確認しますか": "このインシデントの対応を引き受けますか",
    "が確認しました": "が対応を引き受けました",
    "確認した人|誰も確認し|誰かが確認|確認されないインシデント|確認がなければ|確認がなかった": "引き受ける（ACK）",
    "確認の期限切れ|確認は期限切れ|確認が期限切れ|確認済みのインシデント": "ACK の期限切れ、ACK 済みの",
    "解決にし(?:た|ま)|解決にする": "解決済みにする",
    # Whoever acknowledged one handles it: that is a state, and not all that is open.
    "対応中の(?:インシデント|もの|あいだ)": "未解決の",
    # One word for one thing.
    "復元試験|復元テスト": "リストアテスト",
    "復元点|復旧ポイント": "復元ポイント（RPO は目標復旧時点）",
    "保管先": "保存先",
    "バックアップ元|戻されない元": "バックアップ対象",
    "目録": "マニフェスト（バックアップの中）、カタログ（一覧）",
    "(?<!描)写[しすせさ]": "コピー",
    "保持の規則": "保持ポリシー",
    "正（primary|副（secondary|同時に正と副|正と副に|副の順番": "主当番・副当番",
    "経路": "チャンネル（値の場所なら、パス）",
    "注意（warning|[*]注意|[がを]注意し|誤り（error|は誤りです": "警告・エラー",
    "応答(?:の)?目標": "対応開始目標",
    "ディレクトリー": "ディレクトリ",
    "リポジトリー": "リポジトリ",
    "配備": "デプロイ",
    "のような型": "のようなパターン",
    "予定では守|予定の時刻|予定のタイムゾーン|・予定・|プロファイルの予定|リストアテストの予定": "スケジュール",
    "(?<!季)節(?![番約点電])": "セクション",
    "方針": "ポリシー",
    # What nobody would write.
    "まだ一度もありません": "まだ一つもありません",
    "失われうる量": "失われうる期間",
    "効果は一度だけ": "処理の効果は必ず 1 回分だけ",
    "地図": "構成（トポロジー）",
    "物語": "シナリオ",
    "連鎖": "一連の処理、処理の流れ",
    "(?<!西)暦": "スケジュール",
    "に保ちます": "に保存します",
    "件の嵐": "アラートストーム",
    "(?<!内)包[むんみまめ]": "ラップする、ラップ済みの",
    "の書き出し|書き出し機能": "エクスポート",
    "横に置いた": "サーバー側コピーの実データ",
    "せっかちな": "連打する利用者",
    "見本": "サンプル",
    "模擬|代役|模型": "スタブ",
    "置き場所": "ディレクトリ構成",
    "壁の?時計": "現地時刻",
    "空白の直後": "飛ばされた時間帯の直後",
    "全体の計画|全体のバックアップ|の全体（": "フルバックアップ",
    "土台": "もとになるフルバックアップ",
    "よそ[のでから]": "外部の、ほかの",
    "ID の若い": "ID が辞書順で先の",
    "勝ちます": "優先されます",
    "誰も知らない言葉": "どの重大度にも登録されていない語",
    "(?<!相)手で解決": "手動で解決",
    "終わりが始まりより後": "終了は開始より後",
    "だけが与え": "…したときだけ付きます",
    "を取る計画": "をバックアップする計画",
    "(?<!間隔が)空きます": "間隔が空きます",
    "計画では届かない": "計画上達成不可",
    '"ja": "次に"': "次の対応",
    "別のアラートの追加": "アラート追加",
    "収ま[るりっれ]|収束": "解消",
    "型に合わな": "スキーマに合わない",
    "木の最後|関数の木": "ツリー",
    "[0-9}] 部分|部分に分け|部分（パート": "パート",
    "} 項目": "件",
    '確認しない"': "尋ねずに実行する",
}
"""What is not written (a pattern), and what is written for it."""

PAGES: Final = (
    "README.ja.md",
    "docs/**/*.ja.md",
    "infra/**/*.yaml",
    "events/topology.yaml",
    "shared/**/*.ja.*",
)
"""Where people read Japanese, besides what the code says."""

_NOT: Final = re.compile("|".join(f"(?:{pattern})" for pattern in INSTEAD))


def violations(tree: Tree) -> list[str]:
    """Every place with a wording that was left for a better one, with the better one."""
    return [
        f"{path}:{number}: {_found(wording)}"
        for path, text in sorted(_texts(tree).items())
        for number, line in enumerate(text.splitlines(), 1)
        if not line.isascii()
        for wording in _NOT.findall(line)
    ]


def _texts(tree: Tree) -> dict[str, str]:
    pages = {str(page.relative_to(ROOT)): page for glob in PAGES for page in ROOT.glob(glob)}
    read = {path: _page(tree, path, page) for path, page in pages.items()}
    return read | {m.path: m.source for m in tree.modules.values() if not m.source.isascii()}


def _page(tree: Tree, path: str, page: Path) -> str:
    return tree.texts.get(path) or page.read_text(encoding="utf-8")


def _found(wording: str) -> str:
    better = next(better for pattern, better in INSTEAD.items() if re.search(pattern, wording))
    return f"「{wording}」 is written otherwise: {better}"
