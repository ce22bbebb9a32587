"""``python -m toban.cli``."""

import sys

from toban.cli import main

sys.exit(main())
