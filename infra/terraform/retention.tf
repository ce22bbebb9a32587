# Nothing that repeats the words of documents outlives them (documents.tf).

variable "bucket" {
  description = "Name of the bucket for blobs; import one that is there already."
  type        = string
}

# Drafts of postmortems. Their bucket must not keep what was removed either.
resource "google_storage_bucket" "blobs" {
  name                        = var.bucket
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    condition {
      age = local.blob_days
    }
    action {
      type = "Delete"
    }
  }
}

# Where the functions' log lines go. It exists in every project and cannot be created.
resource "google_logging_project_bucket_config" "default" {
  project        = var.project
  location       = "global"
  bucket_id      = "_Default"
  retention_days = local.log_days
}
