# Checks the runners of a resource class with every plan and apply: the versions of their agents, how many are connected, and
# the length of the queue. Provider functions need Terraform 1.8 or OpenTofu 1.7.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

variable "resource_class" {
  description = "The resource class to check, as namespace/name."
  type        = string
  default     = "acme/linux"
}

variable "oldest_agent" {
  description = "Minimum version of the agents."
  type        = string
  default     = "3.1.2"

  # Without this, try below would treat every agent as outdated.
  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+)*$", var.oldest_agent))
    error_message = "Must be numbers with dots between them, such as 3.1.2."
  }
}

variable "min_connected" {
  description = "Minimum number of connected runners."
  type        = number
  default     = 2
}

variable "max_queue" {
  description = "Maximum number of tasks that wait for a runner."
  type        = number
  default     = 10
}

# Disconnected runners stay listed for a while. connected_within excludes them.
data "circleci_runners" "connected" {
  resource_class   = var.resource_class
  connected_within = "10m"
}

data "circleci_runner_tasks" "queue" {
  resource_class = var.resource_class
}

locals {
  connected = length(data.circleci_runners.connected.runners)
  waiting   = data.circleci_runner_tasks.queue.unclaimed_task_count

  # The function fails on a version that is null or cannot be parsed. try treats it as outdated.
  outdated = [
    for runner in data.circleci_runners.connected.runners : "${runner.name} (${coalesce(runner.version, "unknown")})"
    if !try(provider::circleci::version_at_least(runner.version, var.oldest_agent), false)
  ]
}

# A failed check is a warning: the plan and the apply continue.

check "agents_are_current" {
  assert {
    condition     = length(local.outdated) == 0
    error_message = "Agents of ${var.resource_class} are older than ${var.oldest_agent}: ${join(", ", local.outdated)}."
  }
}

check "enough_connected" {
  assert {
    condition     = local.connected >= var.min_connected
    error_message = "Connected runners of ${var.resource_class}: ${local.connected}, expected at least ${var.min_connected}."
  }
}

check "queue_is_short" {
  assert {
    condition     = local.waiting <= var.max_queue
    error_message = "${var.resource_class} has ${local.waiting} waiting tasks, more than ${var.max_queue}."
  }
}

# A failed precondition is an error: this resource, and everything that depends on it, stays unchanged.
resource "terraform_data" "release" {
  input = "a release that needs a runner of ${var.resource_class}"

  lifecycle {
    precondition {
      condition     = local.connected > 0
      error_message = "No runner of ${var.resource_class} is connected, so the release would wait forever."
    }
  }
}
