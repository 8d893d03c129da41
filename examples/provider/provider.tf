terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

# The token comes from the environment variable CIRCLE_TOKEN. You can
# set the `token` attribute to an ephemeral variable instead.
provider "circleci" {}

data "circleci_runner_tasks" "linux" {
  resource_class = "acme/linux"
}

output "waiting" {
  description = "Number of tasks that wait for a runner of acme/linux"
  value       = data.circleci_runner_tasks.linux.unclaimed_task_count
}
