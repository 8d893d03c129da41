terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

# The token comes from the environment variable CIRCLE_TOKEN.
provider "circleci" {}

data "circleci_runner_fleets" "acme" {
  namespace        = "acme"
  resource_classes = ["acme/gpu"] # Has no runners, but may have a queue. For all such classes: all_resource_classes = true
  connected_within = "5m"
}

output "connected" {
  description = "Number of connected runners, by resource class"
  value       = { for class, fleet in data.circleci_runner_fleets.acme.fleets : class => fleet.connected_runner_count }
}

output "waiting" {
  description = "Number of tasks that wait for any runner of the namespace"
  value       = data.circleci_runner_fleets.acme.unclaimed_task_count
}
