# The indexes that the code's queries need beyond Firestore's automatic ones. A test holds them against
# the queries (tests/unit/adapters/test_indexes.py); the emulator would never tell.

locals {
  # Collection => lists of "field" (ascending) or "-field" (descending).
  indexes = {
    backups = [["class", "service", "source", "status", "-snapshot_at"]]
  }
}

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
