"""
HTML from Jinja2 templates that lie beside the module that uses them (``templates/`` of its package).

Every value is escaped; a value that a template names and nobody gives is an error. The framework of
every function imports Jinja2 anyway; here it is imported when the first page is made.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment(package: str) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(package: str, name: str, **values: object) -> str:
    """Return the HTML that template `name` of `package` makes of `values`."""
    return _environment(package).get_template(name).render(**values)


def source(package: str, name: str) -> str:
    """Return the text of a file in the templates folder, unchanged."""
    environment = _environment(package)
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]
