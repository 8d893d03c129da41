# Waits until a resource class has no tasks, so that its machines can be removed.

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

  dynamic "wait_for" {
    for_each = var.wait ? [1] : []

    content {
      max_unclaimed = 0
      max_running   = 0
      timeout       = "1h"
    }
  }
}

output "left" {
  description = "Number of tasks that still wait or run."
  value       = data.circleci_runner_tasks.drained.unclaimed_task_count + data.circleci_runner_tasks.drained.running_task_count
}
