"""
The text catalogue: one module a language, the same keys with the same placeholders in each.

Plain Python, so that a function carries its texts without a YAML reader. Use it through
`toban.kernel.i18n.text`.
"""

from typing import Literal

Language = Literal["ja", "en"]
