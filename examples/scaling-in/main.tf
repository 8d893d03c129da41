# Selects the machines of a resource class to drain: idle ones, and at most as many as exceed the desired capacity.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

data "circleci_runner_fleet" "pool" {
  resource_class = "acme/linux"
  include_agents = true
}

locals {
  fleet   = data.circleci_runner_fleet.pool
  desired = provider::circleci::desired_capacity(local.fleet.queued_tasks, local.fleet.running_tasks, 1, 20)

  # Agents of machines that no longer exist stay listed for a while. timecmp fails on a null: try skips such an agent.
  connected = [
    for agent in local.fleet.agents : agent
    if try(timecmp(agent.last_connected_at, timeadd(plantimestamp(), "-5m")) >= 0, false)
  ]
  idle   = [for agent in local.connected : agent.name if !agent.is_busy]
  excess = max(0, length(local.connected) - local.desired)
}

output "drain" {
  description = "Names of the idle agents whose machines can be removed."
  value       = slice(local.idle, 0, min(local.excess, length(local.idle)))
}
