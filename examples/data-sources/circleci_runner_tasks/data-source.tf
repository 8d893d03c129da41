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

data "circleci_runner_tasks" "linux" {
  resource_class = "acme/linux"
}

output "waiting" {
  description = "Number of tasks that wait for a runner"
  value       = data.circleci_runner_tasks.linux.unclaimed_task_count
}

output "running" {
  description = "Number of tasks that run"
  value       = data.circleci_runner_tasks.linux.running_task_count
}
