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

# The tasks of several resource classes.
data "circleci_runner_tasks" "pool" {
  for_each = toset(["acme/linux", "acme/mac"])

  resource_class = each.key
}

output "waiting" {
  description = "Number of tasks that wait for a runner, by resource class"
  value       = { for class, tasks in data.circleci_runner_tasks.pool : class => tasks.unclaimed_task_count }
}

output "waiting_in_all" {
  description = "Number of tasks that wait for any runner"
  value       = sum([for tasks in data.circleci_runner_tasks.pool : tasks.unclaimed_task_count])
}
