"""What `toban completion` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.completion": {
        "en": 'completion by TAB: eval "$(toban completion bash)"',
        "ja": 'TAB による補完: eval "$(toban completion bash)"',
    },
    "help.completion.shell": {
        "en": "bash, zsh or fish: prints what that shell has to read at its start",
        "ja": "bash、zsh、fish。シェルの起動時に読み込む内容を表示",
    },
}
