# Replaces data "http" with jsondecode.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

data "circleci_runner_fleets" "acme" {
  namespace            = "acme"
  connected_within     = "5m"
  all_resource_classes = true
}

output "waiting" {
  description = "Number of tasks that wait for any runner."
  value       = data.circleci_runner_fleets.acme.unclaimed_task_count
}

output "connected" {
  description = "Number of connected runners, by resource class."
  value       = { for class, fleet in data.circleci_runner_fleets.acme.fleets : class => fleet.connected_runner_count }
}
