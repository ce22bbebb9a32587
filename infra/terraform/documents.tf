# Made from the document classes (KEEP, INDEXES) and toban.kernel.lives by `make map`.

locals {
  # Collection => composite indexes, each a list of "field" (ascending) or "-field" (descending).
  indexes = {
    backups = [["class", "service", "source", "status", "-snapshot_at"]]
  }

  # Collection => days that a document is kept once it is over.
  kept_days = {
    # a quarter: whether a rule is worth its pages; it holds a sender's labels
    alerts = 90
    # what was done, by whom: as long as design 001 keeps audit logs
    audits = 365
    # as a restore; with a kept backup for as long as that
    backup_jobs = 400
    # the catalogue remembers for so long what retention has removed
    backups = 30
    # a part of its incident
    incident_segments = 400
    # a year, and time to look back on it
    incidents = 400
    # who was told, for the review of an incident; it holds an address
    notifications = 90
    # as the alert that tells of it: time to find out and to send it again
    parked = 90
    # events under way may name it as long as receipts; it holds addresses
    profile_versions = 40
    # longer than 7 days' retention, 14 days in a dead-letter topic and slack
    receipts = 40
    # a year of proof that backups can be restored, and time to look back on it
    restores = 400
  }

  # Kept until somebody removes them:
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
