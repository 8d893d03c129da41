# run.sh in this directory runs it in a pipeline: it outputs counts for other tools, and fails on a condition.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

# The pipeline sets the environment variable CIRCLE_TOKEN.
provider "circleci" {}

variable "namespace" {
  description = "The namespace whose runners are counted."
  type        = string
  default     = "acme"
}

variable "max_queue" {
  description = "Maximum number of tasks that wait for a runner, of all resource classes."
  type        = number
  default     = 50
}

data "circleci_runner_fleets" "all" {
  namespace            = var.namespace
  connected_within     = "10m"
  all_resource_classes = true # Those without runners may have a queue.
}

# Do not output last_connected: it changes with every plan, so `plan -detailed-exitcode` would always report a change.
output "counts" {
  description = "Number of connected runners and of waiting tasks, by resource class."
  value = {
    for class, fleet in data.circleci_runner_fleets.all.fleets : class => {
      connected = fleet.connected_runner_count
      waiting   = fleet.unclaimed_task_count
    }
  }

  # A failed precondition ends the run with exit status 1.

  # A misspelled namespace has no runners and no tasks, and would pass.
  precondition {
    condition     = data.circleci_runner_fleets.all.runner_count > 0
    error_message = "${var.namespace} has no runners: check the namespace."
  }

  precondition {
    condition     = data.circleci_runner_fleets.all.unclaimed_task_count <= var.max_queue
    error_message = "${var.namespace} has ${data.circleci_runner_fleets.all.unclaimed_task_count} waiting tasks, more than ${var.max_queue}."
  }
}
