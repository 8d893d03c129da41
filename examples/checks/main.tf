# Looks after the runners of one resource class at every plan and apply: how old their agents are, how many are
# connected, and how long the queue is. Functions of providers need Terraform 1.8 or OpenTofu 1.7.

terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}

provider "circleci" {}

variable "resource_class" {
  description = "The resource class to look after, as namespace/name."
  type        = string
  default     = "acme/linux"
}

variable "oldest_agent" {
  description = "The oldest version of the agent that is new enough."
  type        = string
  default     = "3.1.2"
}

variable "min_connected" {
  description = "How many runners should be connected at least."
  type        = number
  default     = 2
}

variable "max_queue" {
  description = "How many tasks may wait for a runner."
  type        = number
  default     = 10
}

# Runners that went away stay listed for a while. Without connected_within they would count, and an old agent among them
# would fail a check long after its machine is gone.
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

  # A version that is null, or that cannot be read, is an error of the function. Nobody knows then that the agent is new
  # enough, so try counts it as outdated.
  outdated = [
    for runner in data.circleci_runners.connected.runners : "${runner.name} (${coalesce(runner.version, "unknown")})"
    if !try(provider::circleci::version_at_least(runner.version, var.oldest_agent), false)
  ]
}

# A check that fails is a warning: the plan and the apply go on.

check "agents_are_current" {
  assert {
    condition     = length(local.outdated) == 0
    error_message = "Agents of ${var.resource_class} are older than ${var.oldest_agent}: ${join(", ", local.outdated)}."
  }
}

check "enough_connected" {
  assert {
    condition     = local.connected >= var.min_connected
    error_message = "Connected runners of ${var.resource_class}: ${local.connected}, and there should be at least ${var.min_connected}."
  }
}

check "queue_is_short" {
  assert {
    condition     = local.waiting <= var.max_queue
    error_message = "${local.waiting} tasks of ${var.resource_class} wait, and at most ${var.max_queue} should."
  }
}

# A precondition that fails is an error: nothing is done to this resource, or to what depends on it. Put it on what must
# not change while the condition does not hold; any condition of a check can be one.
resource "terraform_data" "release" {
  input = "what needs a runner of ${var.resource_class}"

  lifecycle {
    precondition {
      condition     = local.connected > 0
      error_message = "No runner of ${var.resource_class} is connected: what is released now would wait for ever."
    }
  }
}
