"""sweep_documents: gives more time to what is still needed, before the store removes it."""

from functools import partial

from toban.backups.documents import Backup
from toban.backups.jobs import BackupJob
from toban.backups.policy.restores import Restore
from toban.entry import subscriber
from toban.events import SweepDue
from toban.incidents.documents import Alert, Incident, IncidentSegment
from toban.kernel.handling.handle import Handlers, Routine
from toban.kernel.handling.parking import ParkedMessage
from toban.kernel.handling.sweep import Daily, sweeping
from toban.notify.documents import Notification
from toban.profile.store import PinnedProfile, retire

versions = Daily(PinnedProfile, partial(retire, pinning=(Incident, Backup)))
sweep = sweeping(
    Incident,
    IncidentSegment,
    Alert,
    Notification,
    Backup,
    BackupJob,
    Restore,
    ParkedMessage,
    versions,
)
main = subscriber("sweep_documents", Handlers().on(SweepDue, Routine(sweep)))
