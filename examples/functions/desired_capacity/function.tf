# Provider functions need Terraform 1.8 or OpenTofu 1.7.

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

output "linux_machines" {
  description = "Number of machines for acme/linux: one for each task, from 1 to 20"
  value = provider::circleci::desired_capacity(
    data.circleci_runner_tasks.linux.unclaimed_task_count,
    data.circleci_runner_tasks.linux.running_task_count,
    1,
    20,
  )
}
