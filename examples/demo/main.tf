# `make demo` plans and applies this against a Runner API on loopback. With CIRCLE_TOKEN set, it reads from CircleCI.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

# Configured by the environment: CIRCLE_TOKEN, and CIRCLECI_RUNNER_API_URL for an installation other than CircleCI Cloud.
provider "circleci" {}

data "circleci_runners" "all" {
  namespace = var.namespace
}

data "circleci_runner_tasks" "queue" {
  resource_class = var.resource_class
}

# The fleets of all resource classes, including that of var.resource_class even if it has no runners.
data "circleci_runner_fleets" "all" {
  namespace        = var.namespace
  resource_classes = [var.resource_class]
  agent_states     = true # CircleCI Cloud alone counts them: remove this for CircleCI Server.
}

locals {
  # Resource classes are compared without regard to case.
  serving = [
    for runner in data.circleci_runners.all.runners : runner
    if lower(runner.resource_class) == lower(var.resource_class)
  ]
  waiting = data.circleci_runner_tasks.queue.unclaimed_task_count
}

output "runners" {
  description = "Every runner of the namespace."
  value = [
    for runner in data.circleci_runners.all.runners :
    "${runner.resource_class}: ${runner.name}, agent ${coalesce(runner.version, "unknown")}, last used ${coalesce(runner.last_used, "never")}"
  ]
}

output "fleets" {
  description = "Runners, their agents' states and versions, and waiting tasks of each resource class."
  value = {
    for class, fleet in data.circleci_runner_fleets.all.fleets :
    class => join(", ", [
      "runners: ${fleet.runner_count}",
      "busy agents: ${coalesce(fleet.active_agents, "unknown")}",
      "idle agents: ${coalesce(fleet.idle_agents, "unknown")}",
      "versions: ${coalesce(join(" ", fleet.versions), "none")}",
      "waiting tasks: ${fleet.unclaimed_task_count}",
    ])
  }
}

output "unclaimed_tasks" {
  description = "Number of tasks of the resource class that wait for a runner."
  value       = local.waiting
}

# A failed check is a warning: the plan continues.

check "has_runners" {
  assert {
    condition     = length(local.serving) > 0
    error_message = "${var.resource_class} has no runners, so its tasks wait forever."
  }
}

check "one_agent_version" {
  assert {
    condition     = length(distinct(local.serving[*].version)) <= 1
    error_message = "The runners of ${var.resource_class} have different agent versions: ${join(", ", distinct([for runner in local.serving : coalesce(runner.version, "unknown")]))}."
  }
}

check "queue_is_short" {
  assert {
    condition     = local.waiting <= var.max_queue
    error_message = "${var.resource_class} has ${local.waiting} waiting tasks, more than ${var.max_queue}: add runners."
  }
}
