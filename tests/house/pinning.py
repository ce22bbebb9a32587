"""
Whoever names a version of a profile keeps it: `sweep_documents` removes those that nobody names.

A function imports only what it uses, so the classes are listed there; here the list is compared with
the document classes that have the field.
"""

from __future__ import annotations

from tests.house.records import Records
from tests.house.tree import Tree

SWEEP = "functions/sweep_documents/main.py"
FIELD = "profile_version"


def violations(tree: Tree) -> list[str]:
    """Document classes whose versions would be removed, and classes that name none (any more)."""
    module = tree.by_path.get(SWEEP)
    if module is None:
        return []
    records = Records(tree)
    naming = {
        name
        for name, collection in records.collections.items()
        if collection and tree.has_member(name, FIELD)
    }
    listed = {
        name
        for call in module.calls
        for keyword in call.keywords
        if keyword.arg == "pinning"
        for name in tree.classes_in(keyword.value, module, module.scope_of(call))
    }
    return [
        *(
            f"{SWEEP}: {name} has a {FIELD}, which would be removed while it names it: "
            "add the class to `pinning`"
            for name in sorted(naming - listed)
        ),
        *(f"{SWEEP}: {name} in `pinning` has no {FIELD}" for name in sorted(listed - naming)),
    ]
