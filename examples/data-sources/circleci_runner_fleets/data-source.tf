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

# Every resource class of the namespace that has runners, and acme/gpu even if it has none.
data "circleci_runner_fleets" "acme" {
  namespace        = "acme"
  resource_classes = ["acme/gpu"]
  connected_within = "10m"
}

output "connected" {
  description = "Number of connected runners, by resource class"
  value       = { for class, fleet in data.circleci_runner_fleets.acme.fleets : class => fleet.connected_runner_count }
}

output "waiting" {
  description = "Number of tasks that wait for any runner of the namespace"
  value       = data.circleci_runner_fleets.acme.unclaimed_task_count
}

# The states of the agents, too, which CircleCI Cloud alone counts. Classes without runners are included.
data "circleci_runner_fleets" "states" {
  namespace    = "acme"
  agent_states = true
}

output "idle" {
  description = "Number of agents that are connected and run no task, by resource class"
  value       = { for class, fleet in data.circleci_runner_fleets.states.fleets : class => fleet.idle_agents }
}
