# Warns about connected runners with an old agent, and blocks a release when no runner has a new one.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

variable "oldest_agent" {
  description = "Oldest version of an agent that is new enough."
  type        = string
  default     = "3.1.2"

  # Without this, try below would count every agent as old.
  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+)*$", var.oldest_agent))
    error_message = "Must be numbers separated by dots, such as 3.1.2."
  }
}

data "circleci_runners" "connected" {
  namespace        = "acme"
  connected_within = "5m"
}

locals {
  # version_at_least fails on a version that is null or not a version. try counts such an agent as old.
  old_agents = [
    for runner in data.circleci_runners.connected.runners :
    "${runner.resource_class}: ${runner.name} (${coalesce(runner.version, "unknown")})"
    if !try(provider::circleci::version_at_least(runner.version, var.oldest_agent), false)
  ]
}

check "agents_are_current" {
  assert {
    condition     = length(local.old_agents) == 0
    error_message = "Agents older than ${var.oldest_agent}: ${join(", ", local.old_agents)}."
  }
}

# Stands in for what needs a new agent.
resource "terraform_data" "release" {
  lifecycle {
    precondition {
      condition     = length(data.circleci_runners.connected.runners) > length(local.old_agents)
      error_message = "No connected runner has agent ${var.oldest_agent} or newer."
    }
  }
}
