"""
``python -m tests.mutation ROOM``: how many small defects of a room a test, or mypy, notices.

Ends with 1 when fewer than 95 of 100 are noticed (equivalent ones apart), of the whole room or of the
sample; and when the list of equivalent ones does not hold.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from typing import Any

from tests.mutation import equivalents
from tests.mutation.judging import Judge, Result, judge_all
from tests.mutation.making import Mutant, mutants
from tests.mutation.reach import Reach
from tests.mutation.report import AIM, summary, table, updated
from tests.mutation.rooms import LEVELS, ROOMS
from tests.mutation.tree import ROOT, WORK, Tree, Types


def main() -> int:
    """Judge the mutants asked for; 1 when too many are alive."""
    asked = _arguments().parse_args()
    entries = equivalents.read()
    made = mutants(ROOT, asked.room)
    wrong = equivalents.wrong(entries, ROOT)
    if equivalents.too_many(entries, asked.room, len(made)):
        wrong.append(f"{asked.room}: more than {equivalents.MOST:.0%} are called equivalent")
    if wrong:
        sys.stderr.writelines(f"{equivalents.FILE.name}: {line}\n" for line in wrong)
        return 1
    kept = WORK / f"{asked.room}.json"
    last = json.loads(kept.read_text()) if asked.again else None
    chosen = _chosen(made, asked, last)
    trees = [Tree(WORK / f"tree{number or ''}") for number in range(asked.jobs)]
    for tree in trees:
        tree.refresh()
    reach = Reach(trees[0], asked.levels)
    reach.load(anew=asked.record)
    types = Types()
    try:
        for tree in trees:
            tree.start(sorted(reach.imported), sorted({t.partition("::")[0] for t in reach.tests}))
        judges = [Judge(tree, types, reach, asked.room, entries) for tree in trees]
        if kept.exists():
            before = [Result(**one) for one in json.loads(kept.read_text())["results"]]
            for judge in judges:
                judge.remember(before)
        results = judge_all(judges, chosen)
        unsure = judges[0].failing_by_themselves(results)
    finally:
        for tree in trees:
            tree.close()
        types.close()
    if last is not None:
        results = updated(last, results)
    told = summary(asked.room, last["seed"] if last else asked.seed, len(made), results, unsure)
    kept.write_text(json.dumps(told, indent=1))
    print(json.dumps(told, indent=1) if asked.json else table(told, results))
    return 0 if told["share"] >= AIM and not unsure else 1


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("room", choices=ROOMS)
    parser.add_argument("--sample", type=int, help="so many instead of all")
    parser.add_argument("--seed", type=int, default=1, help="which sample (default 1)")
    parser.add_argument("--only", default="", help="only files whose path contains this")
    parser.add_argument(
        "--again", action="store_true", help="what was alive the last time; the rest stays"
    )
    parser.add_argument(
        "--levels", type=int, default=len(LEVELS), choices=range(1, len(LEVELS) + 1),
        help="1: unit tests of domains; 2: chains of backups; 3: all unit tests; 4: all (default)",
    )  # fmt: skip
    parser.add_argument(
        "--record", action="store_true", help="record anew which tests reach which line"
    )
    parser.add_argument("--jobs", type=int, default=1, help="so many at once (default 1)")
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    return parser


def _chosen(made: Sequence[Mutant], asked: Any, last: dict[str, Any] | None) -> list[Mutant]:
    some = [mutant for mutant in made if asked.only in mutant.path]
    if last is not None:
        return _alive(some, [r for r in last["results"] if not r["noticed_by"]])
    if asked.sample and asked.sample < len(some):
        some = random.Random(asked.seed).sample(some, asked.sample)
        some.sort(key=lambda mutant: (mutant.path, mutant.line))
    return some


def _alive(some: Sequence[Mutant], results: Sequence[dict[str, Any]]) -> list[Mutant]:
    """
    The mutants of these results: first where they stood, then wherever they stand now.

    What a mutant changes is known only once it is made, which takes its time.
    """
    left = {(r["path"], r["old"], r["new"]): r for r in results}
    found: list[Mutant] = []
    for names in (("path", "operator", "line"), ("path", "operator")):
        places = {tuple(r[name] for name in names) for r in left.values()}
        for mutant in some:
            there = tuple(getattr(mutant, name) for name in names) in places
            if there and left.pop((mutant.path, *mutant.changed), None):
                found.append(mutant)
    return found


if __name__ == "__main__":
    sys.exit(main())
