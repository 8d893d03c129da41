# Waits until a resource class has no tasks, so that its machines can be removed.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

# Only version 3 of the Runner API reports the running count. With v2, omit max_running.
provider "circleci" {
  api_version = "v3"
}

variable "resource_class" {
  description = "The resource class to wait for, as namespace/name."
  type        = string
  default     = "acme/linux"
}

variable "wait" {
  description = "Whether to wait until no task waits or runs."
  type        = bool
  default     = true
}

data "circleci_runner_tasks" "drained" {
  resource_class = var.resource_class

  wait_for = var.wait ? {
    max_unclaimed = 0
    max_running   = 0
    timeout       = "1h"
  } : null
}

output "left" {
  description = "Number of tasks that still wait or run."
  value       = data.circleci_runner_tasks.drained.unclaimed_task_count + data.circleci_runner_tasks.drained.running_task_count
}
