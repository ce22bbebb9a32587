"""
How long data outside of documents is kept: never longer than the documents it repeats.

Notifications hold addresses (90 days); alerts (90 days) and incidents (400 days after they were
resolved) hold labels. Terraform and the embedded runtime both use these values.
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
