# What run.sh beside it runs in a pipeline: counts for another tool, and an error when there is no point in going on.

terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}

# The pipeline gives the token in the environment variable CIRCLE_TOKEN.
provider "circleci" {}

variable "namespace" {
  description = "The namespace whose runners are counted."
  type        = string
  default     = "acme"
}

variable "max_queue" {
  description = "How many tasks may wait for a runner of any class."
  type        = number
  default     = 50
}

data "circleci_runner_fleet" "all" {
  namespace        = var.namespace
  connected_within = "10m"
}

# Counts change when something happens. A last_connected changes all the time: an output of it would be a change at every
# plan, and `plan -detailed-exitcode` could not tell whether anything else has changed.
output "counts" {
  description = "How many runners are connected and how many tasks wait, by resource class."
  value = {
    for class, pool in data.circleci_runner_fleet.all.by_resource_class : class => {
      connected = pool.connected_runner_count
      waiting   = pool.unclaimed_task_count
    }
  }

  # A precondition that fails ends the run with status 1.
  precondition {
    condition     = data.circleci_runner_fleet.all.unclaimed_task_count <= var.max_queue
    error_message = "${data.circleci_runner_fleet.all.unclaimed_task_count} tasks of ${var.namespace} wait, and at most ${var.max_queue} may: the pipeline stops."
  }
}
