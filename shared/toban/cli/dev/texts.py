"""What `toban dev` says."""

from __future__ import annotations

from typing import Final

from toban.texts import Texts

TEXTS: Final[Texts] = {
    "help.dev": {"en": "run everything on this machine", "ja": "すべてをこのマシンで動かす"},
    "help.dev.port": {"en": "HTTP port (default: 8080)", "ja": "HTTP のポート（既定: 8080）"},
    "help.dev.host": {
        "en": "address to listen on; 0.0.0.0 in a container (default: 127.0.0.1, this machine alone)",
        "ja": "待ち受けるアドレス。コンテナでは 0.0.0.0（既定: 127.0.0.1、このマシンからだけ）",
    },
    "help.dev.emulators": {
        "en": "each function in its own process, on Google's emulators",
        "ja": "関数ごとのプロセスを Google のエミュレーター上で動かす",
    },
    "help.dev.quiet": {"en": "write only to the log file", "ja": "ログファイルだけに書く"},
    "help.dev.clock": {
        "en": "virtual: time moves only by `toban clock advance` (default: real)",
        "ja": "virtual: 時刻は `toban clock advance` でだけ進む（既定: real）",
    },
    "help.dev.at": {
        "en": "when a virtual clock begins, with its offset (default: now)",
        "ja": "仮想時計の開始時刻（オフセット付き、既定: 今）",
    },
    "dev.no-port": {
        "en": "{port} is no port: 1 to 65535, or 0 for any that is free",
        "ja": "{port} はポート番号ではありません。1〜65535、または空いているものを使う 0",
    },
    "dev.at": {
        "en": "--at {word!r}: a time with its offset, as 2026-11-24T03:00+09:00, and --clock virtual",
        "ja": "--at {word!r}: 2026-11-24T03:00+09:00 のようにオフセット付きで書き、--clock virtual と使います",
    },
}
