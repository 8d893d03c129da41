# Waits until no task of a resource class waits or runs, so that its machines can be removed.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

data "circleci_runner_tasks" "drained" {
  resource_class = "acme/linux"

  wait_for {
    max_unclaimed = 0
    max_running   = 0
    timeout       = "1h"
  }
}

output "left" {
  description = "Number of tasks that wait or run."
  value       = data.circleci_runner_tasks.drained.unclaimed_task_count + data.circleci_runner_tasks.drained.running_task_count
}
