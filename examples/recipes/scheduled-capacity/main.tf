# Computes the size of a group of machines: one for each task, between a maximum and a minimum that is higher during working hours.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

variable "machines" {
  description = "Minimum number of machines, during working hours and otherwise, and maximum number."
  type        = object({ min_working_hours = number, min_otherwise = number, max = number })
  default     = { min_working_hours = 3, min_otherwise = 0, max = 20 }
}

variable "working_hours" {
  description = "Working hours, in UTC: from is included, to is not."
  type        = object({ from = number, to = number })
  default     = { from = 7, to = 19 }
}

variable "time" {
  description = "Time to compute the size for, such as 2026-01-05T08:00:00Z, to try the schedule. Null for now."
  type        = string
  default     = null
}

data "circleci_runner_tasks" "pool" {
  resource_class = "acme/linux"
}

locals {
  # plantimestamp is known during plan. timestamp is not. Both are in UTC.
  time            = coalesce(var.time, plantimestamp())
  hour            = tonumber(formatdate("h", local.time))
  is_weekend      = contains(["Sat", "Sun"], formatdate("EEE", local.time))
  is_working_hour = !local.is_weekend && local.hour >= var.working_hours.from && local.hour < var.working_hours.to
  min_machines    = local.is_working_hour ? var.machines.min_working_hours : var.machines.min_otherwise
}

# Use these values in your group, such as an aws_autoscaling_group.
output "group" {
  description = "Size of the group."
  value = {
    min_size = local.min_machines
    max_size = var.machines.max
    desired_capacity = provider::circleci::desired_capacity(
      data.circleci_runner_tasks.pool.unclaimed_task_count, data.circleci_runner_tasks.pool.running_task_count,
      local.min_machines, var.machines.max,
    )
  }
}
