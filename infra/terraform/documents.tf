# Made from the document classes (KEEP, INDEXES) and toban.kernel.lives by `make map`.

locals {
  # Collection => composite indexes, each a list of "field" (ascending) or "-field" (descending).
  indexes = {
    backups = [["class", "service", "source", "status", "-snapshot_at"]]
  }

  # Collection => days that a document is kept once it is over.
  kept_days = {
    # after they were resolved, and while their incident is open: a quarter, whether a rule is worth its pages; they hold a sender's labels
    alerts = 90
    # what was done, by whom: as long as design 001 keeps audit logs
    audits = 365
    # after they ended, as restores; those of a kept backup as long as that
    backup_jobs = 400
    # after their data were removed: the catalogue's memory of what was removed, and when; the data themselves are kept by the retention of the profile
    backups = 30
    # as their incident, of which they are a part
    incident_segments = 400
    # after they were resolved, with the drafts of their postmortems: a year, and time to look back on it
    incidents = 400
    # after they were sent, and while their incident is open: who was told; they hold addresses
    notifications = 90
    # as the alerts that tell of them: time to find out what was wrong with the message, and to send it again
    parked = 90
    # after nothing names them any more: an open incident escalates by the version it began with, events under way name one as long as receipts; they hold addresses
    profile_versions = 40
    # a repetition is known for longer than it can come: 7 days in the queue, 14 as a dead letter, redriving; timers stand in them
    receipts = 40
    # after they ended: a year of proof that backups can be restored, and time to look back on it
    restores = 400
    # after it was answered, or sent in vain: who has shown that they can be called; an older answer says nothing of today
    test_pages = 400
  }

  # Kept until somebody removes them:
  # backup_key_looks: one in all: how far the look at the keys of backups has come
  # backup_series: one for each series: what the next backup is measured against
  # backup_watches: one for each service, of open alerts only
  # groups: one for each environment of a service, of open incidents only
  # profiles: what a service's profile says now
  # prune_looks: one for each service: it tells a leap of the clock
  # restore_records: one for each service: whose turn the next test is
  # schedules: removed with its schedule
  # sweeps: there is one

  log_days         = 30
  dead_letter_days = 14
  blob_days        = 400 # drafts of postmortems, as their incidents
}
