"""What `toban dev` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.dev": {"en": "run everything on this machine", "ja": "すべてをこのマシンで動かす"},
    "help.dev.port": {"en": "HTTP port (default: 8080)", "ja": "HTTP のポート（既定: 8080）"},
    "help.dev.emulators": {
        "en": "each function in its own process, on Google's emulators",
        "ja": "関数ごとのプロセスを Google のエミュレーター上で動かす",
    },
    "help.dev.quiet": {"en": "write only to the log file", "ja": "ログファイルだけに書く"},
}
