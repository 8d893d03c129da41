# How many machines one resource class should have, as a module. pool.tftest.hcl beside it tests it without CircleCI.
# Functions of providers need Terraform 1.8 or OpenTofu 1.7.

terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}

variable "resource_class" {
  description = "The resource class whose machines are counted, as namespace/name."
  type        = string
}

variable "max_machines" {
  description = "How many machines there may be at most."
  type        = number
  default     = 10
}

# With api_version = "v3" in the provider, which belongs to whoever calls this module.
data "circleci_runner_tasks" "pool" {
  resource_class = var.resource_class
}

# What is read from circleci_runners is in a module of its own, so that tests can override it: Terraform leaves every
# list and map of objects that a provider would compute empty when the provider is mocked. OpenTofu takes given ones.
module "connected" {
  source = "./connected"

  resource_class = var.resource_class
}

output "machines" {
  description = "Number of machines that the tasks of the class need."
  value = provider::circleci::desired_capacity(
    data.circleci_runner_tasks.pool.unclaimed_task_count,
    data.circleci_runner_tasks.pool.running_task_count,
    1, var.max_machines,
  )
}

output "hosts" {
  description = "Machines that serve the class now."
  value       = distinct(module.connected.runners[*].hostname)
}

check "max_is_enough" {
  assert {
    condition     = data.circleci_runner_tasks.pool.unclaimed_task_count <= var.max_machines
    error_message = "More tasks of ${var.resource_class} wait than the ${var.max_machines} machines that are allowed."
  }
}
