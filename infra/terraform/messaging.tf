locals {
  pubsub_agent = "serviceAccount:service-${data.google_project.main.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_service_account" "function" {
  for_each     = local.functions
  account_id   = "fn-${replace(each.key, "_", "-")}"
  display_name = each.value.about.en
}

# Calls the functions on behalf of the subscriptions.
resource "google_service_account" "delivery" {
  account_id   = "toban-delivery"
  display_name = "Pub/Sub pushes to functions"
}

resource "google_pubsub_topic" "main" {
  for_each = local.map.topics
  name     = each.key
}

resource "google_pubsub_topic" "dead" {
  for_each = local.subscriptions
  name     = "${each.key}--dead"
}

# Without a subscription a dead-letter topic keeps nothing.
resource "google_pubsub_subscription" "dead" {
  for_each                   = local.subscriptions
  name                       = google_pubsub_topic.dead[each.key].name
  topic                      = google_pubsub_topic.dead[each.key].id
  message_retention_duration = "${local.dead_letter_days * 86400}s" # within the days that receipts are kept

  expiration_policy {
    ttl = "" # never
  }
}

resource "google_pubsub_subscription" "push" {
  for_each                   = local.subscriptions
  name                       = each.key
  topic                      = google_pubsub_topic.main[each.value.topic].id
  ack_deadline_seconds       = each.value.settings.ack_deadline_s
  message_retention_duration = "${each.value.settings.retention_days * 86400}s"

  # The function gets our own CloudEvent: attributes as headers, the body as it is.
  push_config {
    push_endpoint = var.function_urls[each.value.function]
    no_wrapper {
      write_metadata = true
    }
    oidc_token {
      service_account_email = google_service_account.delivery.email
    }
  }

  retry_policy {
    minimum_backoff = "${each.value.settings.backoff_s[0]}s"
    maximum_backoff = "${each.value.settings.backoff_s[1]}s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead[each.key].id
    max_delivery_attempts = each.value.settings.max_attempts
  }

  expiration_policy {
    ttl = "" # never
  }
}

# Pub/Sub itself moves dead letters: it publishes to the one and acknowledges on the other.
resource "google_pubsub_topic_iam_member" "dead" {
  for_each = local.subscriptions
  topic    = google_pubsub_topic.dead[each.key].id
  role     = "roles/pubsub.publisher"
  member   = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead" {
  for_each     = local.subscriptions
  subscription = google_pubsub_subscription.push[each.key].id
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}
