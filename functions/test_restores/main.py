"""test_restores: Chooses what is restored into staging next."""

from toban.backups.work.restore_test import HANDLERS
from toban.entry import subscriber

main = subscriber("test_restores", HANDLERS)
