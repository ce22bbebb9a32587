"""The present code, as the driver of the fixture uses it; what moves is followed here."""

from __future__ import annotations

from tests.compat.drive import Code
from toban.cli import main
from toban.local.clockwork import Clockwork
from toban.local.runtime import Runtime
from toban.local.world import open_world
from toban.ports import Message, Query
from toban.sections.load import load_directory

CODE = Code(open_world, Runtime, Clockwork, Message, Query, main, load_directory)
