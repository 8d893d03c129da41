# How many machines an Auto Scaling group should have: one for each task, between a maximum and a minimum that is higher during
# working hours. Provider functions need Terraform 1.8 or OpenTofu 1.7.

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
  description = "The resource class that the machines serve, as namespace/name."
  type        = string
  default     = "acme/linux"
}

variable "max_machines" {
  description = "Maximum number of machines."
  type        = number
  default     = 20
}

variable "working_hours" {
  description = "Working hours, in UTC: from is included, to is not."
  type        = object({ from = number, to = number })
  default     = { from = 7, to = 19 }
}

variable "min_machines" {
  description = "Minimum number of machines, during working hours and otherwise."
  type        = object({ working_hours = number, otherwise = number })
  default     = { working_hours = 3, otherwise = 0 }
}

variable "time" {
  description = "Time to compute the capacity for, to try the schedule, such as 2026-01-05T08:00:00Z. Null for now."
  type        = string
  default     = null
}

data "circleci_runner_tasks" "pool" {
  resource_class = var.resource_class
}

locals {
  # plantimestamp is known during plan. timestamp is not. Both are in UTC.
  time = coalesce(var.time, plantimestamp())
  hour = tonumber(formatdate("h", local.time))

  is_working_hour = (
    !contains(["Sat", "Sun"], formatdate("EEE", local.time)) &&
    local.hour >= var.working_hours.from && local.hour < var.working_hours.to
  )
  min_machines = local.is_working_hour ? var.min_machines.working_hours : var.min_machines.otherwise

  capacity = provider::circleci::desired_capacity(
    data.circleci_runner_tasks.pool.unclaimed_task_count,
    data.circleci_runner_tasks.pool.running_task_count,
    local.min_machines,
    var.max_machines,
  )
}

# Stands in for your group, such as aws_autoscaling_group with its min_size and desired_capacity.
resource "terraform_data" "group" {
  input = {
    min_size         = local.min_machines
    desired_capacity = local.capacity
  }
}

output "group" {
  description = "Size of the group."
  value       = terraform_data.group.output
}
