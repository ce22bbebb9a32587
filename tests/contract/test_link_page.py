"""
The page behind a link, as a phone shows it: a real Chromium at 390 x 844, in both languages, light and
dark. Nothing scrolls sideways, the button is there without scrolling, large enough for a thumb that has
just woken up, and one tap does it.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from tests.plugins.chromium import Browser, Phone, phone, start_chromium
from tests.plugins.emulators import required
from tests.plugins.servers import ServerNotAvailable
from tests.plugins.serving import serving
from tests.unit.incidents.world import HOUSE, SHOP, World, fired
from toban.kernel.edge.links import Language, LinkAction, make_link
from toban.people.section import Person

pytestmark = pytest.mark.server

KEY = "key-of-links"
FUNCTION = "ingest_action"
THUMB = 44
"""CSS pixels that a finger needs (WCAG 2.2, 2.5.5; Apple's guidelines say the same)."""
CONTRAST = 4.5
"""Of text with what it stands on (WCAG 2.2, 1.4.3)."""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PLAIN = {"en": "Error rate of the API is 12 %", "ja": "API のエラー率が 12 % に達しています"}
LONG = {
    "en": "payment-gateway-production-asia-northeast1-frontend-deployment-7d9c5b8f6d " * 3,
    "ja": "決済ゲートウェイの本番環境で注文処理のエラー率がしきい値を超えた状態が続いています" * 5,
}
"""As long as a title may be; the English words hardly break."""

SHOWN = """(() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const under = e => { while (e) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c.slice(0, 3);
    e = e.parentElement; } return [255, 255, 255]; };
  const light = c => { const [r, g, b] = c.map(v => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const contrast = e => { const [a, b] = [light(rgb(getComputedStyle(e).color)), light(under(e))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
  const box = e => { const r = e.getBoundingClientRect();
    const x = r.x + r.width / 2, y = r.y + r.height / 2;
    return {text: e.innerText, x, y, left: r.left, right: r.right, top: r.top, bottom: r.bottom,
            free: e.contains(document.elementFromPoint(x, y))}; };
  const texts = [...document.querySelectorAll("h1, h2, p, dt, dd, label, button")];
  return {title: document.querySelector("h1").innerText, text: document.body.innerText,
    wide: document.documentElement.scrollWidth, high: document.documentElement.scrollHeight,
    width: innerWidth, height: innerHeight,
    buttons: [...document.querySelectorAll("button")].map(box),
    contrasts: texts.map(e => [e.innerText, contrast(e)])};
})()"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For all tests here: it takes a second to start."""
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(start_chromium())
        except ServerNotAvailable as error:
            if required("chromium"):
                pytest.fail(f"chromium is in TOBAN_REQUIRE and did not start: {error}")
            pytest.skip(f"not run: {error}")
        yield found


@dataclass
class Desk:
    """The function behind links over HTTP, and the incident that they are about."""

    world: World
    language: Language
    base: str = ""

    def link(self, action: LinkAction = "acknowledge", *, person: str = "aoki") -> str:
        """As a message of now has it; of nobody in particular: in a channel."""
        return make_link(
            self.base,
            incident_id=self.world.incident.id,
            action=action,
            actor={"aoki": "Aoki", "baba": "Baba"}.get(person, "somebody in #alerts"),
            person=f"person:{person}" if person else "",
            generation=self.world.incident.generation,
            now=self.world.clock.now(),
            secret=KEY,
            language=self.language,
        )


@pytest.fixture
def desk(request: pytest.FixtureRequest) -> Iterator[Callable[[Language, str], Desk]]:
    made: list[Desk] = []
    turn = threading.Lock()

    class Door(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """A look, or (POST) a click."""
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            with turn:
                answer = made[-1].world.post(
                    FUNCTION, self.path, body, dict(self.headers), self.command
                )
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_GET  # noqa: N815 as http.server has it

    def make(language: Language, title: str) -> Desk:
        people = {f"p{n}": Person(name=f"{name} {n}") for n, name in enumerate(("Chiba",) * 6)}
        service = msgspec.structs.replace(SHOP.service, language=language)
        shop = msgspec.structs.replace(SHOP, service=service, people=SHOP.people | people)
        world = World(shop, HOUSE)
        world.secrets.set("LINK_SIGNING", KEY)
        world.tell(fired(severity="error", title=title))
        world.clock.advance(60)
        made.append(Desk(world, language, url))
        return made[-1]

    with serving(Door) as url:
        yield make


@pytest.fixture(scope="module")
def at_hand(browser: Browser) -> Iterator[Phone]:
    with phone(browser) as found:
        yield found


def shown(page: Phone, name: str) -> dict[str, Any]:
    """What is to be seen, light or dark, once it holds what every page has to."""
    for scheme in SCHEMES:
        page.looks(scheme)
        if directory := os.environ.get("TOBAN_PICTURES"):
            page.picture(Path(directory) / f"{name}-{scheme}.png")
        found = _held(page, f"{name}, {scheme}")
    return found


def _held(page: Phone, name: str) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(SHOWN)
    assert (found["width"], found["height"]) == (page.width, page.height)
    assert found["wide"] <= found["width"], f"{name}: scrolls sideways"
    assert [text for text, contrast in found["contrasts"] if contrast < CONTRAST] == [], name
    for button in found["buttons"]:
        assert button["bottom"] - button["top"] >= THUMB, f"{name}: {button}"
        assert 0 <= button["left"] < button["right"] <= found["width"], f"{name}: {button}"
    return found


def at_once(found: dict[str, Any], number: int = 0) -> dict[str, Any]:
    """A button that is to be seen whole, without scrolling, and nothing lies over it."""
    button: dict[str, Any] = found["buttons"][number]
    assert button["top"] >= 0, button
    assert button["bottom"] <= found["height"], button
    assert button["free"], button
    return button


@pytest.mark.parametrize("content", [PLAIN, LONG], ids=["plain", "long"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_one_tap_takes_it(
    desk: Callable[[Language, str], Desk],
    at_hand: Phone,
    language: Language,
    content: dict[str, str],
) -> None:
    here = desk(language, content[language])
    name = f"{language}-{'plain' if content is PLAIN else 'long'}"
    at_hand.open(here.link())
    button = at_once(shown(at_hand, f"ask-{name}"))

    at_hand.tap(button["x"], button["y"])

    here.world.go_on()
    assert (here.world.incident.status, here.world.incident.assignee) == ("acknowledged", "Aoki")
    assert shown(at_hand, f"asked-{name}")["buttons"] == []
    at_hand.open(here.link())
    found = shown(at_hand, f"yours-{name}")
    assert (found["buttons"], "12:01" in found["title"]) == ([], True)


def test_the_page_looks_again_by_itself(
    desk: Callable[[Language, str], Desk], at_hand: Phone
) -> None:
    here = desk("en", PLAIN["en"])
    at_hand.open(here.link())
    button = at_once(shown(at_hand, "ask"))
    at_hand.tap(button["x"], button["y"])
    here.world.go_on()

    at_hand.wait_for_page()

    assert shown(at_hand, "yours")["title"].startswith("You have it since 12:01")


@pytest.mark.parametrize("content", [PLAIN, LONG], ids=["plain", "long"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_one_tap_on_ones_name_takes_it_where_others_read_the_link(
    desk: Callable[[Language, str], Desk],
    at_hand: Phone,
    language: Language,
    content: dict[str, str],
) -> None:
    here = desk(language, content[language])
    at_hand.open(here.link(person=""))
    kind = "plain" if content is PLAIN else "long"
    found = shown(at_hand, f"who-{language}-{kind}")
    names = [at_once(found, number) for number in range(8)]
    assert [b["text"] for b in names[:2]] == ["Aoki", "Baba"]

    at_hand.tap(names[1]["x"], names[1]["y"])

    here.world.go_on()
    assert here.world.incident.assignee == "Baba"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_taken_raised_and_ended_ones_are_as_well_to_be_read(
    desk: Callable[[Language, str], Desk], at_hand: Phone, language: Language
) -> None:
    here = desk(language, LONG[language])
    world = here.world

    def seen(name: str, link: str) -> dict[str, Any]:
        at_hand.open(link)
        return shown(at_hand, f"{name}-{language}")

    first = here.link(person="baba")
    assert seen("refused", first[:-4])["buttons"] == []
    world.command("acknowledge", actor="Aoki")
    taken = seen("taken", first)
    assert (taken["buttons"], "Aoki" in taken["title"]) == ([], True)
    at_once(seen("resolve", here.link("resolve")))

    world.tell(fired("b", at=1, severity="critical"))
    assert world.incident.severity_label == "P1"
    raised = at_once(seen("raised", first))
    at_hand.tap(raised["x"], raised["y"])
    world.go_on()
    assert world.incident.assignee == "Baba"

    while world.pages()[-1][0] != "reminded":
        world.pass_time(5)
    again = at_once(seen("again", here.link(person="baba")))
    at_hand.tap(again["x"], again["y"])
    world.go_on()
    assert seen("mine", here.link(person="baba"))["buttons"] == []

    world.command("resolve", actor="Baba")
    ended = seen("ended", first)
    assert (ended["buttons"], "Baba" in ended["title"]) == ([], True)
    world.clock.advance(10 * 86_400)
    assert seen("expired", first)["buttons"] == []
