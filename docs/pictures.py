# ruff: noqa: INP001 - a script, not a package
"""
Take the pictures of the README anew, from a real run: ``make pictures``.

For each language the story of `toban demo` is played over real HTTP. Then the command's own output
is recorded on a pseudo terminal, and the mail and the page behind its link are shown by a real
browser. Nothing is retouched; only the profile's language is set to the picture's, in the copy that
the demo makes anyway.

Needs chromium and a CJK font (Debian: chromium fonts-noto-cjk fonts-jetbrains-mono); makes smaller
files where pngquant is installed.
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from html import escape
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "shared")]

from toban.cli.demo.stage import running, shortened  # noqa: E402
from toban.cli.demo.story import SERVICE, DemoStory  # noqa: E402
from toban.cli.kit.terminal import Terminal  # noqa: E402
from toban.texts import Language  # noqa: E402

TARGET = HERE / "pictures"
COLUMNS = 100
MOST_BYTES = 250_000
_PAINT = re.compile(r"\x1b\[([\d;]*)m")
_CLASSES = {"1": "b", "2": "d", "31": "r", "32": "g", "33": "y", "34": "u", "36": "c"}

TERMINAL_PAGE = """<!doctype html><meta charset="utf-8"><style>
body{{margin:0;background:#0d1117}}
pre{{margin:0;padding:18px 22px;color:#d7dde4;display:inline-block;
font:14px/20px "JetBrains Mono","DejaVu Sans Mono","Noto Sans Mono CJK JP",monospace;
font-variant-ligatures:none}}
i{{font-style:normal;display:inline-block;width:2ch;text-align:center;height:20px;
vertical-align:top;overflow:hidden;font-family:"Noto Sans Mono CJK JP","IPAGothic",monospace}}
.p{{color:#7ee787}}.b{{font-weight:700;color:#fff}}.d{{color:#8b949e}}.r{{color:#ff7b72}}
.g{{color:#56d364}}.y{{color:#e3b341}}.u{{color:#79c0ff}}.c{{color:#76e3ea}}
</style><pre>{inside}</pre>"""


def main() -> int:
    """All pictures in both languages; 1 when one is too large to be loaded with a page."""
    TARGET.mkdir(exist_ok=True)
    for language in ("en", "ja"):
        pictures_in(language)
    large = [p for p in sorted(TARGET.glob("*.png")) if p.stat().st_size > MOST_BYTES]
    for path in sorted(TARGET.glob("*.png")):
        print(f"{path.stat().st_size:8}  {path.relative_to(HERE.parent)}")
    return 1 if large else 0


def pictures_in(language: Language) -> None:
    """Play the story once and take its pictures."""
    with tempfile.TemporaryDirectory(prefix="toban-pictures-") as directory:
        place = Path(directory)
        data, services = place / "state", place / "services"
        silent = Terminal(language, io.StringIO())
        shortened(HERE.parent / "infra" / "services", services, SERVICE, silent)
        profile = services / f"{SERVICE}.yaml"
        spoken = re.sub(r"(?m)^  language: \w+$", f"  language: {language}", profile.read_text())
        profile.write_text(spoken, encoding="utf-8")
        with running(data, services, silent) as stage:
            story = PicturedStory(stage, silent)
            story.language = language
            incident = story.play()
            mails = stage.standins.received.mails
            mail = next(m for m in mails for k in m.links if story.asks(k))
            html = mail.message.get_body(("html",))
            assert html is not None
            page = place / "mail.html"
            page.write_text(html.get_content(), encoding="utf-8")
            browser(page.as_uri(), TARGET / f"mail-{language}.png", 680, height_of(page))
        for name, command in (
            ("show", ["incidents", "show", incident.id]),
            ("trace", ["trace", story.first_event]),
        ):
            said = recorded([*command, "--data", str(data), "--lang", language])
            prompt = f"$ toban {' '.join(command)}"
            terminal_picture(place, prompt, said, TARGET / f"{name}-{language}.png")


class PicturedStory(DemoStory):
    """The story of the demo, with a picture of the page behind a link before somebody clicks it."""

    language: Language = "en"

    def acknowledged(self, incident_id: str) -> None:
        """See `DemoStory`."""
        mail = self.stage.until(self.mail_to_the_second, "a mail with a link")
        link = next(link for link in mail.links if self.asks(link))
        for look in ("light", "dark"):
            target = TARGET / f"page-{look}-{self.language}.png"
            browser(link, target, 480, 520, dark=look == "dark")
        super().acknowledged(incident_id)


def recorded(arguments: list[str]) -> str:
    """What `toban` writes to a terminal of `COLUMNS` columns, colours included."""
    ours, theirs = pty.openpty()
    environ = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "toban.cli", *arguments],
        stdout=theirs,
        env={**environ, "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"},
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    assert process.wait() == 0, written
    return written.decode("utf-8").replace("\r\n", "\n").rstrip()


def terminal_picture(place: Path, prompt: str, said: str, target: Path) -> None:
    """Draw recorded output as a terminal would."""
    lines = [line for told in said.split("\n") for line in wrapped(told)]
    inside = f'<span class="p">{escape(prompt)}</span>\n' + "\n".join(map(spans, lines))
    page = place / "terminal.html"
    page.write_text(TERMINAL_PAGE.format(inside=inside), encoding="utf-8")
    browser(page.as_uri(), target, 890, 36 + 20 * (len(lines) + 1))


def columns_of(character: str) -> int:
    """Columns that a terminal gives to a character."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(line: str) -> Iterator[str]:
    """A line as a terminal breaks it; the colour in force goes on."""
    part, used, paint = "", 0, ""
    for piece in re.split(f"({_PAINT.pattern.replace('(', '(?:')})", line):
        if _PAINT.fullmatch(piece):
            part, paint = part + piece, piece
            continue
        for character in piece:
            if used + columns_of(character) > COLUMNS:
                yield part
                part, used = paint, 0
            part, used = part + character, used + columns_of(character)
    yield part


def spans(line: str) -> str:
    """Terminal colours as HTML; wide characters take exactly two columns."""
    made, position, opened = [], 0, False

    def plain(text: str) -> str:
        return "".join(f"<i>{escape(c)}</i>" if columns_of(c) == 2 else escape(c) for c in text)

    for found in _PAINT.finditer(line):
        made.append(plain(line[position : found.start()]))
        position = found.end()
        if opened:
            made.append("</span>")
        names = [_CLASSES[code] for code in found[1].split(";") if code in _CLASSES]
        opened = bool(names)
        if opened:
            made.append(f'<span class="{" ".join(names)}">')
    made.append(plain(line[position:]))
    return "".join(made) + ("</span>" if opened else "")


def height_of(page: Path) -> int:
    """How high a page is at the width of a mail, as the browser says."""
    measured = page.with_suffix(".measured.html")
    script = "<script>document.title='h='+document.documentElement.offsetHeight</script>"
    measured.write_text(page.read_text(encoding="utf-8") + script, encoding="utf-8")
    done = chromium("--window-size=680,300", "--dump-dom", measured.as_uri())
    found = re.search(r"h=(\d+)", done)
    assert found is not None, done[:500]
    return int(found[1])


def browser(address: str, target: Path, width: int, height: int, *, dark: bool = False) -> None:
    """A picture of an address, two pixels for one."""
    chromium(
        f"--window-size={width},{height}",
        "--force-device-scale-factor=2",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        f"--screenshot={target}",
        address,
    )
    quant = shutil.which("pngquant")
    if quant:
        command = [
            quant,
            "--force",
            "--skip-if-larger",
            "--strip",
            "--speed=1",
            "--nofs",  # plain colours: nothing to be mixed
            "--output",
            target,
            "32",
            target,
        ]
        done = subprocess.run(command, check=False)
        assert done.returncode in (0, 98), done  # 98: it would not have become smaller


def chromium(*arguments: str) -> str:
    """Run the browser without a window; what it printed."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("chromium is not installed")
    with tempfile.TemporaryDirectory(prefix="toban-browser-") as profile:
        done = subprocess.run(
            [
                *(program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *(
                    f"--user-data-dir={profile}",
                    "--no-first-run",
                    "--disable-background-networking",
                ),
                *arguments,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
