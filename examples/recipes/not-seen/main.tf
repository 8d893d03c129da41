# Lists the runners that CircleCI has not seen for a day, and warns of them.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

variable "namespace" {
  description = "The namespace whose runners are checked."
  type        = string
  default     = "acme"
}

# Without connected_within, disconnected runners are listed too, for as long as CircleCI keeps them.
data "circleci_runners" "all" {
  namespace = var.namespace
}

locals {
  # plantimestamp is known during plan. timestamp is not.
  day_ago = timeadd(plantimestamp(), "-24h")

  # timecmp fails on a last_connected that is null or not a time. try counts such a runner as not seen.
  not_seen = [
    for runner in data.circleci_runners.all.runners :
    "${runner.resource_class}: ${runner.name}"
    if try(timecmp(runner.last_connected, local.day_ago) < 0, true)
  ]
}

check "all_were_seen" {
  assert {
    condition     = length(local.not_seen) == 0
    error_message = "Not seen for a day: ${join(", ", local.not_seen)}."
  }
}

output "not_seen" {
  description = "Runners that CircleCI has not seen for a day."
  value       = local.not_seen
}
