# Warns about runners that CircleCI has not seen for a day.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

# Without connected_within, disconnected runners are listed too, for as long as CircleCI keeps them.
data "circleci_runners" "all" {
  namespace = "acme"
}

locals {
  # timecmp fails on a last_connected that is null or not a time. try counts such a runner as not seen.
  not_seen = [
    for runner in data.circleci_runners.all.runners : "${runner.resource_class}: ${runner.name}"
    if try(timecmp(runner.last_connected, timeadd(plantimestamp(), "-24h")) < 0, true)
  ]
}

check "all_were_seen" {
  assert {
    condition     = length(local.not_seen) == 0
    error_message = "Not seen for a day: ${join(", ", local.not_seen)}."
  }
}
