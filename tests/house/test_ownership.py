"""A domain that writes the document of another is found, and a map that says otherwise than the code."""

from __future__ import annotations

import pytest

from tests.house.ownership import touched
from tests.house.reaching import mains
from tests.house.records import Records
from tests.house.scratch import Trial, found_by, scratch_tree, trials, unnoticed
from tests.house.tree import MAP, this

IMPORTS = "from toban.incidents.documents import Incident\nfrom toban.kernel.work import Work\n"
ALIASES = "import toban.incidents.documents as d\nfrom toban.kernel.work import Work as W\nI = d.Incident\n"


@trials(
    Trial(
        "put",
        f"{IMPORTS}def f(body, work: Work):\n    incident = work.get(Incident, 'x')\n"
        "    work.put(incident)\n",
        f"{ALIASES}def f(body, work: W):\n    save = work.put\n    save(work.get(I, 'x'))\n",
    ),
    Trial(
        "put what a helper gives",
        f"{IMPORTS}def given(work: Work) -> Incident | None: ...\n"
        "def f(body, work: Work):\n    if found := given(work):\n        work.put(found)\n",
        f"{ALIASES}def given(work: W) -> 'list[I]': ...\n"
        "def f(body, work: W):\n    for one in given(work):\n        work.put(one)\n",
    ),
    Trial(
        "put a parameter",
        f"{IMPORTS}def f(incident: Incident, work: Work):\n    work.put(incident)\n",
        f"{ALIASES}class F:\n    def __init__(self, i: I):\n        self.i = i\n"
        "    def g(self, work: W):\n        work.put(self.i)\n",
    ),
    Trial(
        "put a copy",
        f"{IMPORTS}import msgspec\ndef f(i: Incident, work: Work):\n"
        "    work.put(msgspec.structs.replace(i, status='resolved'))\n",
        f"{ALIASES}from msgspec.structs import replace as but\ndef f(i: I, work: W):\n"
        "    getattr(work, 'put')(but(i, status='resolved'))\n",
    ),
    Trial(
        "create",
        f"{IMPORTS}def f(body, work: Work):\n    work.create(Incident(id='x'))\n",
        f"{ALIASES}def f(body, work: W):\n    new = d.Incident(id='x')\n    work.create(new)\n",
    ),
    Trial(
        "delete",
        f"{IMPORTS}def f(body, work: Work):\n    work.delete(Incident, 'x')\n",
        f"{ALIASES}def f(body, work: W):\n    work.delete(I, 'x')\n",
    ),
    Trial(
        "change",
        f"{IMPORTS}def f(body, work: Work):\n    work.get(Incident, 'x').status = 'resolved'\n",
        f"{ALIASES}def f(body, work: W):\n    setattr(work.get(I, 'x'), 'status', 'resolved')\n",
    ),
    Trial(
        "change by force",
        f"{IMPORTS}import msgspec\ndef f(i: Incident):\n"
        "    msgspec.structs.force_setattr(i, 'status', 'resolved')\n",
        f"{ALIASES}from msgspec.structs import force_setattr as put\ndef f(i: I):\n    put(i, 'x', 1)\n",
    ),
    Trial(
        "called something else",
        f"{IMPORTS}from typing import Any\ndef f(i: Incident, work: Work):\n"
        "    thing: Any = i\n    work.put(thing)\n",
        f"{ALIASES}from typing import cast\nfrom toban.kettles.own import Kettle\n"
        "def f(i: I, work: W):\n    k: Kettle = cast(Kettle, i)\n    work.put(k)\n",
    ),
    Trial(
        "move",
        f"{IMPORTS}from toban.kernel.status import move\n"
        "def f(body, work: Work):\n    move(work.get(Incident, 'x'), 'resolved')\n",
        f"{ALIASES}import toban.kernel.status as s\n"
        "def f(body, work: W):\n    s.move(document=work.get(I, 'x'), to='resolved')\n",
    ),
    Trial(
        "change outside of a handling",
        f"{IMPORTS}from toban.kernel.handling.change import change\n"
        "def f(store):\n    change(store, Incident, 'x', lambda incident: incident)\n",
        f"{ALIASES}import toban.kernel.handling.change as c\ndef f(store):\n    c.change(store, I, 'x', len)\n",
    ),
    Trial(
        "remove outside of a handling",
        f"{IMPORTS}from toban.kernel.handling.change import remove\n"
        "def f(store, incident: Incident):\n    remove(store, incident)\n",
        f"{ALIASES}import toban.kernel.handling.change as c\ndef f(store, documents):\n"
        "    for one in documents.find(I):\n        c.remove(store, one)\n",
    ),
    Trial(
        "a batch",
        f"{IMPORTS}from toban.ports import Update\ndef f(store):\n"
        "    store.commit([Update(Incident.key('x'), {}, '1')])\n",
        f"{ALIASES}from toban import ports as p\ndef f(store):\n    key = I.key('x')\n"
        "    store.commit([p.Delete(key, '1')])\n",
    ),
    Trial(
        "a key by name",
        "from toban.ports import Key, Update\ndef f(store):\n"
        "    store.commit([Update(Key('incidents', 'x'), {}, '1')])\n",
        "from toban.ports import Key as K\ndef f(store):\n    return K('incidents', 'x')\n",
    ),
    Trial(
        "hand on",
        f"{IMPORTS}from toban.kernel.document import Document\n"
        "def save(document: Document, work: Work):\n    work.put(document)\n"
        "def f(incident: Incident, work: Work):\n    save(incident, work)\n",
        f"{ALIASES}from toban.kernel.document import encode\n"
        "def f(incident: I, work: W):\n    return encode(incident)\n",
    ),
    Trial(
        "a job's document",
        "from toban.kernel.handling.job import Job\n"
        "from toban.incidents.documents import Incident\nE = Job(Incident, 1, 2, 3)\n",
        "import toban.kernel.handling.job as j\nfrom toban.incidents.documents import Incident as I\n"
        "E = j.Job[int, I, str](I, 1, 2, 3)\n",
    ),
    Trial(
        "an effect's document",
        "from toban.kernel.handling.effect import Effect\n"
        "from toban.notify.documents import Notification\nE = Effect(Notification, 1, 2, 3)\n",
        "import toban.kernel.handling.effect as e\nfrom toban.notify.documents import Notification as N\n"
        "E = e.Effect(document=N, claim=1, call=2, conclude=3)\n",
    ),
    Trial(
        "of infrastructure",
        "from toban.profile.store import CurrentProfile\nfrom toban.kernel.work import Work\n"
        "def f(p: CurrentProfile, work: Work):\n    work.put(p)\n",
        "from toban.kernel.handling.receipt import Receipt as R\n"
        "from toban.kernel.work import Work\ndef f(r: R, work: Work):\n    work.put(r)\n",
    ),
)
def test_writing_the_document_of_another_domain_is_found(files: dict[str, str]):
    assert unnoticed("ownership", files) == []


@trials(
    Trial(
        "any document",
        "from toban.kernel.document import Document as D\nfrom toban.kernel.work import Work\n"
        "class S:\n    def save(self, document: D, work: Work):\n        work.put(document)\n",
        "from toban.kernel.document import Document\nimport toban.kernel.work as w\n"
        "def save(work: w.Work, *documents: Document):\n    for d in documents:\n        work.put(d)\n",
    ),
    Trial(
        "any class",
        "from toban.kernel.document import Document\nfrom toban.kernel.work import Work\n"
        "def drop(of: type[Document], work: Work):\n    work.delete(of, 'x')\n",
        "from typing import TypeVar\nfrom toban.kernel.document import Document\n"
        "import toban.kernel.work as w\nD = TypeVar('D', bound=Document)\n"
        "def save(document: D, work: w.Work):\n    work.create(document)\n",
    ),
    Trial(
        "no class",
        "from toban.kernel.work import Work\ndef f(thing, work: Work):\n    work.put(thing)\n",
        "import toban.kernel.work as w\ndef f(things, work: w.Work):\n"
        "    for thing in things:\n        work.put(thing)\n",
    ),
)
def test_what_is_written_has_to_be_told(files: dict[str, str]):
    assert unnoticed("ownership", files) == []
    assert all("annotate it" in violation for violation in found_by("ownership", files))


@trials(
    Trial(
        "map",
        f"{IMPORTS}def f(body, work: Work):\n    list(map(work.put, work.find(Incident)))\n",
        f"{ALIASES}def f(body, w: W):\n    save = w.put\n    list(map(save, w.find(I)))\n",
    ),
    Trial(
        "partial",
        f"{IMPORTS}from functools import partial\n"
        "def f(incident: Incident, work: Work):\n    partial(work.put, incident)()\n",
        f"{ALIASES}import functools as t\n"
        "def f(incident: I, w: W):\n    t.partial(getattr(w, 'create'), incident)()\n",
    ),
    Trial(
        "loop",
        f"{IMPORTS}def f(incident: Incident, work: Work):\n    for put in (work.put,):\n"
        "        put(incident)\n",
        f"{ALIASES}class F:\n    def __init__(self, w: W):\n        self.w = w\n"
        "    def g(self, i):\n        for gone in [self.w.delete]:\n            gone(I, 'x')\n",
    ),
    Trial(
        "a batch",
        "from toban.ports import Update\ndef f(store, k):\n    for U in (Update,):\n"
        "        store.commit([U(k, {}, '1')])\n",
        "from toban import ports as p\nWAYS = {'gone': p.Delete}\n",
    ),
    Trial(
        "any unit of work",
        "from typing import Any\ndef save(thing: Any, work: Any):\n    work.put(thing)\n",
        "import typing as t\nThing = t.Any\ndef save(thing: Thing, work: Thing | None):\n"
        "    work.put(thing)\n",
    ),
    Trial(
        "unit of work without a type",
        "def save(thing, work):\n    work.put(thing)\n",
        "save = lambda thing, work: work.put(thing)\n",
    ),
    Trial(
        "unit of work that nobody knows",
        "from typing import Any\ndef f(w: Any, things):\n    list(map(w.put, things))\n",
        "def f(w, things):\n    list(map(getattr(w, 'put'), things))\n",
    ),
    Trial(
        "what nobody knows by what nobody knows",
        "from typing import Any\ndef f(w: Any, thing: Any):\n    w.put(thing)\n",
        "class F:\n    def __init__(self, w):\n        self.w = w\n"
        "    def g(self, thing):\n        self.w.create(thing)\n",
    ),
)
def test_writing_out_of_sight_is_found(files: dict[str, str]):
    assert unnoticed("ownership", files) == []


@trials(
    Trial(
        "subclass",
        "from toban.incidents.documents import Incident\nclass Shadow(Incident): ...\n",
        "import toban.incidents.documents as d\nI = d.Incident\n"
        "class Above(I): ...\nclass Shadow(Above):\n    note: str = ''\n",
    ),
    Trial(
        "collection",
        "from typing import ClassVar\nfrom toban.kernel.document import Document\n"
        "class Shadow(Document):\n    COLLECTION: ClassVar[str] = 'incidents'\n",
        "import toban.kernel.document as k\nfrom toban.incidents.documents import Incident as I\n"
        "class Shadow(k.Document):\n    COLLECTION = I.COLLECTION\n",
    ),
)
def test_a_class_for_the_documents_of_another_domain_is_found(files: dict[str, str]):
    assert unnoticed("ownership", files) == []


OWN = """\
from typing import ClassVar
from toban.kernel.document import Document

class Kettle(Document, kw_only=True):
    COLLECTION: ClassVar[str] = "kettles"
"""
RULES = """\
from toban.kettles.documents import Kettle
from toban.incidents.documents import Incident
from toban.kernel.handling.decision import Decision
from toban.kernel.handling.handle import Handlers
from toban.kernel.work import Work
from toban.events import IncidentOpened

def on_opened(opened, work: Work):
    incident = work.get(Incident, opened.incident.id)
    kettle = work.get(Kettle, 'x') or Kettle(id='x')
    kettle.note = incident.title
    work.put(kettle)

HANDLERS = Handlers().on(IncidentOpened, Decision(on_opened))
"""
MAIN = """\
from toban.kettles.rules import HANDLERS
from toban.entry import subscriber

main = subscriber("note_kettle", HANDLERS)
"""
ENTRY = """\
  note_kettle:
    about: {en: Notes., ja: 記録する。}
    consumes: [incident-opened]
    reads: [incidents]
    writes: [kettles]

"""
KETTLES = {
    "shared/toban/kettles/documents.py": OWN,
    "shared/toban/kettles/rules.py": RULES,
    "functions/note_kettle/main.py": MAIN,
    MAP: this().texts[MAP].replace("\nfunctions:\n", f"\nfunctions:\n{ENTRY}", 1),
}


def test_a_domain_that_writes_its_own_and_reads_others_is_right():
    assert found_by("ownership", KETTLES) == []
    tree = scratch_tree(KETTLES)
    code = touched(mains(tree)["note_kettle"], Records(tree))
    assert (code.writes, code.reads) == ({"kettles"}, {"incidents"})


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (MAP, "reads: [incidents]\n    writes: [kettles]", "writes: [kettles, incidents]",
         "note_kettle.writes lists incidents, but its code only reads it"),
        (MAP, "reads: [incidents]\n    writes: [kettles]", "reads: [incidents, kettles]",
         "note_kettle.reads lists kettles, but its code writes it"),
        (MAP, "    reads: [incidents]\n    writes: [kettles]", "    writes: [kettles]",
         "note_kettle.reads lacks incidents"),
        (MAP, "reads: [incidents]\n    writes: [kettles]", "reads: [incidents, groups]\n    writes: [kettles]",
         "note_kettle.reads lists groups, but its code does not touch it"),
        ("shared/toban/kettles/rules.py", "    work.put(kettle)\n", "",
         "note_kettle.writes lists kettles, but its code only reads it"),
        ("shared/toban/kettles/rules.py", "    work.put(kettle)\n",
         "    work.put(kettle)\n    work.put(incident)\n", "note_kettle.writes lacks incidents"),
    ],
)  # fmt: skip
def test_a_map_that_says_otherwise_is_found(file: str, old: str, new: str, told: str):
    assert old in KETTLES[file]
    found = found_by("ownership", KETTLES | {file: KETTLES[file].replace(old, new)})
    assert any(told in violation for violation in found), found


def test_a_map_that_lets_a_function_write_for_others_is_found():
    changed = KETTLES[MAP].replace("writes: [kettles]", "writes: [kettles, alerts]")
    found = found_by("ownership", KETTLES | {MAP: changed})
    assert any(
        v.startswith(f"{MAP}: note_kettle.writes lists alerts, which belongs to toban.incidents")
        for v in found
    )


def test_what_is_written_two_modules_away_is_found():
    helper = (
        "from toban.kettles.documents import Kettle\n"
        "from toban.kernel.work import Work\n"
        "def note(kettle: Kettle, work: Work):\n    work.put(kettle)\n"
    )
    rules = RULES.replace("    work.put(kettle)", "    inner.note(kettle, work)").replace(
        "from toban.kettles.documents",
        "from toban.kettles.plans import inner\nfrom toban.kettles.documents",
        1,
    )
    files = {"shared/toban/kettles/plans/inner.py": helper, "shared/toban/kettles/rules.py": rules}
    assert found_by("ownership", KETTLES | files) == []


def test_the_kernels_housekeeping_may_go_over_the_documents_of_all():
    main = (
        "from toban.entry import subscriber\nfrom toban.events import SweepDue\n"
        "from toban.incidents.documents import Incident\n"
        "from toban.kernel.handling.handle import Handlers, Routine\n"
        "from toban.kernel.handling.sweep import sweeping\n"
        "main = subscriber('x', Handlers().on(SweepDue, Routine(sweeping(Incident))))\n"
    )
    tree = scratch_tree({"functions/sweep_more/main.py": main})
    code = touched(mains(tree)["sweep_more"], Records(tree))
    assert (code.writes, code.reads, code.swept) == ({"incidents"}, set(), {"incidents"})
