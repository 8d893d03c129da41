# A module that computes how many machines a resource class should have. pool.tftest.hcl tests it without CircleCI. Provider
# functions need Terraform 1.8 or OpenTofu 1.7.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

variable "resource_class" {
  description = "The resource class whose machines are counted, as namespace/name."
  type        = string
}

variable "max_machines" {
  description = "Maximum number of machines."
  type        = number
  default     = 10
}

data "circleci_runner_tasks" "pool" {
  resource_class = var.resource_class
}

# A module of its own, so that tests can override its outputs: a provider that Terraform mocks returns empty lists and maps of
# objects. OpenTofu can mock them.
module "connected" {
  source = "./connected"

  resource_class = var.resource_class
}

output "machines" {
  description = "Number of machines for the tasks of the resource class."
  value = provider::circleci::desired_capacity(
    data.circleci_runner_tasks.pool.unclaimed_task_count,
    data.circleci_runner_tasks.pool.running_task_count,
    1, var.max_machines,
  )
}

output "hosts" {
  description = "Hosts of the connected runners."
  value       = distinct(module.connected.runners[*].hostname)
}

check "max_is_enough" {
  assert {
    condition     = data.circleci_runner_tasks.pool.unclaimed_task_count <= var.max_machines
    error_message = "${var.resource_class} has more waiting tasks than the maximum of ${var.max_machines} machines."
  }
}
