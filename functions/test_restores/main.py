"""test_restores: Chooses what is restored into staging next."""

from toban.backups.restoring.turns import HANDLERS
from toban.entry import subscriber

main = subscriber("test_restores", HANDLERS)
