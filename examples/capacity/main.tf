# How many machines each of several pools should have, from one read. Provider functions need Terraform 1.8
# or OpenTofu 1.7.

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

variable "namespace" {
  description = "The namespace of the pools."
  type        = string
  default     = "acme"
}

variable "pools" {
  description = "Minimum and maximum number of machines of each pool, by resource class."
  type = map(object({
    min = number
    max = number
  }))
  default = {
    "acme/linux" = { min = 1, max = 20 }
    "acme/mac"   = { min = 2, max = 4 }
    "acme/gpu"   = { min = 0, max = 2 }
  }
}

data "circleci_runner_fleets" "all" {
  namespace = var.namespace

  # Only these pools, whatever else the namespace has. A pool that is scaled to zero has no runners to find it by, but may have
  # a queue. The keys of fleets are written as here.
  only_resource_classes = keys(var.pools)
}

locals {
  desired = {
    for class, pool in var.pools : class => provider::circleci::desired_capacity(
      data.circleci_runner_fleets.all.fleets[class].unclaimed_task_count,
      data.circleci_runner_fleets.all.fleets[class].running_task_count,
      pool.min, pool.max,
    )
  }
}

# Stands in for your machines, such as an autoscaling group with its desired_capacity.
resource "terraform_data" "pool" {
  for_each = var.pools

  input = local.desired[each.key]
}

output "desired" {
  description = "Number of machines that each pool should have, by resource class."
  value       = { for class, pool in terraform_data.pool : class => pool.output }
}

output "machines" {
  description = "Number of machines that all pools should have."
  value       = sum(values(local.desired))
}
