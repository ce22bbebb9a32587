# What the document classes say of themselves (documents.tf): indexes beyond Firestore's automatic ones,
# without which a query fails, and how long documents live.

resource "google_firestore_index" "composite" {
  for_each = merge([
    for collection, lists in local.indexes : {
      for fields in lists : "${collection}/${join(",", fields)}" => { collection = collection, fields = fields }
    }
  ]...)
  collection = each.value.collection

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = trimprefix(fields.value, "-")
      order      = startswith(fields.value, "-") ? "DESCENDING" : "ASCENDING"
    }
  }
}

# A document says itself when its time is over; one that lives has no such field. Firestore removes it
# within about a day after that.
resource "google_firestore_field" "expiry" {
  for_each   = local.kept_days
  collection = each.key
  field      = "expires_at"
  ttl_config {}
}
