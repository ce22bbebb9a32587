"""test_contacts: sends test pages, takes their answers, and looks who has duty next."""

from toban.entry import subscriber
from toban.testpages.testing import HANDLERS

main = subscriber("test_contacts", HANDLERS)
