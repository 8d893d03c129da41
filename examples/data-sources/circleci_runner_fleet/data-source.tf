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

data "circleci_runner_fleet" "linux" {
  resource_class = "acme/linux"
  include_agents = true
}

output "idle" {
  description = "Number of agents that wait for a task"
  value       = data.circleci_runner_fleet.linux.idle_agents
}

output "busy" {
  description = "Names of the agents that run a task"
  value       = [for agent in data.circleci_runner_fleet.linux.agents : agent.name if agent.is_busy]
}
