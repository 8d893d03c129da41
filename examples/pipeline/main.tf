# Outputs the counts of a namespace, and fails on a condition. The environment variable CIRCLE_TOKEN has the token.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

locals {
  namespace = "acme"
  max_queue = 50 # Tasks that may wait for a runner, of all resource classes.
}

data "circleci_runner_fleets" "all" {
  namespace            = local.namespace
  connected_within     = "5m"
  all_resource_classes = true # Those without runners may have a queue.
}

output "counts" {
  description = "Number of connected runners and of waiting tasks, by resource class."
  value = {
    for class, fleet in data.circleci_runner_fleets.all.fleets : class => {
      connected = fleet.connected_runner_count
      waiting   = fleet.unclaimed_task_count
    }
  }

  # A failed precondition ends the run with exit status 1.
  precondition {
    condition     = data.circleci_runner_fleets.all.unclaimed_task_count <= local.max_queue
    error_message = "${local.namespace} has ${data.circleci_runner_fleets.all.unclaimed_task_count} waiting tasks, more than ${local.max_queue}."
  }

  # A misspelled namespace has no runners and no tasks, and would pass.
  precondition {
    condition     = data.circleci_runner_fleets.all.runner_count > 0
    error_message = "${local.namespace} has no runners: check the namespace."
  }
}
