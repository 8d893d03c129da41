# How many machines each of several pools should have, from one read.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

locals {
  # Minimum and maximum number of machines of each pool.
  pools = {
    "acme/linux" = { min = 1, max = 20 }
    "acme/macos" = { min = 2, max = 4 }
    "acme/gpu"   = { min = 0, max = 2 }
  }
}

data "circleci_runner_fleets" "pools" {
  namespace = "acme"

  # These pools alone, with runners or without. The keys of fleets are written as here.
  only_resource_classes = keys(local.pools)
}

# Stands in for your machines, such as an aws_autoscaling_group with its desired_capacity.
resource "terraform_data" "machines" {
  for_each = local.pools

  input = provider::circleci::desired_capacity(
    data.circleci_runner_fleets.pools.fleets[each.key].unclaimed_task_count,
    data.circleci_runner_fleets.pools.fleets[each.key].running_task_count,
    each.value.min, each.value.max,
  )
}

output "desired" {
  description = "Number of machines that each pool should have, by resource class."
  value       = { for class, machines in terraform_data.machines : class => machines.output }
}
