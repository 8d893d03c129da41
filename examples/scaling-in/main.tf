# Selects the machines of a resource class to drain: idle ones, and only as many as exceed the desired capacity. Warns when tasks
# are queued and no agent is idle. Provider functions need Terraform 1.8 or OpenTofu 1.7.

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
  description = "The resource class of the machines, as namespace/name."
  type        = string
  default     = "acme/linux"
}

variable "min_machines" {
  description = "Minimum number of machines."
  type        = number
  default     = 1
}

variable "max_machines" {
  description = "Maximum number of machines."
  type        = number
  default     = 20
}

data "circleci_runner_fleet" "pool" {
  resource_class = var.resource_class
  include_agents = true
}

locals {
  fleet = data.circleci_runner_fleet.pool

  desired_capacity = provider::circleci::desired_capacity(
    local.fleet.queued_tasks, local.fleet.running_tasks, var.min_machines, var.max_machines,
  )

  # Agents of machines that no longer exist stay listed for a while. plantimestamp is known during plan. timecmp fails on a
  # last_connected_at that is null: try leaves such an agent alone.
  connected = [
    for agent in local.fleet.agents : agent
    if try(timecmp(agent.last_connected_at, timeadd(plantimestamp(), "-5m")) >= 0, false)
  ]
  idle   = [for agent in local.connected : agent.name if !agent.is_busy]
  excess = max(0, length(local.connected) - local.desired_capacity)
  drain  = slice(local.idle, 0, min(local.excess, length(local.idle)))
}

check "queue_moves" {
  assert {
    condition     = local.fleet.queued_tasks == 0 || local.fleet.idle_agents > 0
    error_message = "${var.resource_class} has ${local.fleet.queued_tasks} queued tasks and no idle agent."
  }
}

# Stands in for your machines, such as an autoscaling group with its desired_capacity.
resource "terraform_data" "pool" {
  input = local.desired_capacity
}

output "desired_capacity" {
  description = "Number of machines that the pool should have."
  value       = terraform_data.pool.output
}

output "drain" {
  description = "Names of the idle agents whose machines can be removed."
  value       = local.drain
}
