"""
The platform for tests: everything in memory, a virtual clock, and what happened at hand.

    from toban.testing import TestPlatform

    def test_a_finished_deploy_is_recorded():
        platform = TestPlatform(SHOP)
        platform.send(DeployFinished(service="shop", revision="r-1"))
        platform.drain()
        assert [d.revision for d in platform.documents(Deploy)] == ["r-1"]
        assert platform.published(DeployRecorded)
"""

from toban.testing.buses import ListBus as ListBus
from toban.testing.platform import NOON as NOON
from toban.testing.platform import Cost as Cost
from toban.testing.platform import TestPlatform as TestPlatform
from toban.testing.samples import sample as sample
from toban.testing.senders import ListSenders as ListSenders
from toban.testing.stores import CountingStore as CountingStore
