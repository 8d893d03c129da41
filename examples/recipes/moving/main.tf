# Counts the waiting tasks of a namespace.

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
  all_resource_classes = true
}

output "waiting" {
  description = "Number of tasks that wait for any runner."
  value       = data.circleci_runner_fleets.acme.unclaimed_task_count
}
