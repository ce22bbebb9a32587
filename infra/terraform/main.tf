# What holds the functions together, read from THE MAP: topics, push subscriptions with their
# dead-letter topics, one account per function. The functions themselves and the database are
# not described here yet. Cloud Scheduler jobs never will be: they change with the profiles, and
# `toban apply` makes them.

terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.0"
    }
  }
}

variable "project" {
  description = "Id of the Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of the functions."
  type        = string
  default     = "asia-northeast1"
}

variable "function_urls" {
  description = "Address of each deployed function that consumes, by its name on the map."
  type        = map(string)
}

locals {
  map       = yamldecode(file("${path.module}/../../events/topology.yaml"))
  defaults  = local.map.defaults
  functions = { for name, function in local.map.functions : name => merge(local.defaults, function) }

  subscriptions = merge([
    for name, function in local.functions : {
      for topic in try(function.consumes, []) : "${topic}--${name}" => {
        topic    = topic
        function = name
        settings = function
      }
    }
  ]...)
}

provider "google" {
  project = var.project
  region  = var.region
}

data "google_project" "main" {}
