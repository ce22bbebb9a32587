"""
How long what is no document is kept: never longer than the documents whose words it repeats.

An address stands in notifications (90 days), a label in alerts (90 days) and incidents (400 days
after they were resolved). Terraform and the embedded runtime both take these from here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

LOGS: Final = timedelta(days=30)
"""As design 001 has it. What people commanded is a document (`toban.kernel.command.Audit`)."""
TRACES: Final = timedelta(days=40)
"""As receipts: what came of an event is told while both are there."""
DEAD_LETTERS: Final = timedelta(days=14)
"""They are redriven within the hour and then parked; after that somebody has to mend it."""
