"""What `toban topology` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.topology": {
        "en": "the map: functions, topics, state",
        "ja": "トポロジー（関数・トピック・状態）を表示",
    },
    "help.topology.mermaid": {"en": "as a Mermaid drawing", "ja": "Mermaid の図で出力"},
    "column.consumes": {"en": "CONSUMES", "ja": "受け取る"},
    "column.emits": {"en": "EMITS", "ja": "発行する"},
    "column.state": {"en": "STATE", "ja": "書き込む状態"},
}
