# What `make demo` plans and applies against a Runner API on loopback. With CIRCLE_TOKEN set it reads CircleCI itself.

terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}

# Everything is taken from the environment: CIRCLE_TOKEN, and for another service than CircleCI Cloud
# CIRCLECI_RUNNER_API_URL.
provider "circleci" {}

data "circleci_runners" "all" {
  namespace = var.namespace
}

data "circleci_runner_tasks" "queue" {
  resource_class = var.resource_class
}

# All classes at once, also the one that is watched when no runner serves it.
data "circleci_runner_fleet" "all" {
  namespace        = var.namespace
  resource_classes = [var.resource_class]
}

locals {
  # Resource classes are the same in any case of their letters.
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

output "fleet" {
  description = "What there is of each resource class, and which agents."
  value = {
    for class, pool in data.circleci_runner_fleet.all.by_resource_class :
    class => "runners: ${pool.runner_count}, waiting tasks: ${pool.unclaimed_task_count}, agents: ${join(", ", pool.versions)}"
  }
}

output "unclaimed_tasks" {
  description = "How many tasks of the resource class wait for a runner."
  value       = local.waiting
}

# A check that fails is a warning: the plan goes on.

check "someone_serves" {
  assert {
    condition     = length(local.serving) > 0
    error_message = "No runner serves ${var.resource_class}: its tasks wait for ever."
  }
}

check "one_agent_version" {
  assert {
    condition     = length(distinct(local.serving[*].version)) <= 1
    error_message = "The runners of ${var.resource_class} have different agents: ${join(", ", distinct([for runner in local.serving : coalesce(runner.version, "unknown")]))}."
  }
}

check "queue_is_short" {
  assert {
    condition     = local.waiting <= var.max_queue
    error_message = "${local.waiting} tasks of ${var.resource_class} wait, and at most ${var.max_queue} should: add runners."
  }
}
