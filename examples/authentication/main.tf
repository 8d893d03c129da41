# provider.tf has a token in an ephemeral variable, which is stored in no plan and no state. Ephemeral variables need
# Terraform 1.10 or OpenTofu 1.11. Set TF_VAR_circleci_token, or use an ephemeral resource of your secret store.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

data "circleci_runner_tasks" "linux" {
  resource_class = "acme/linux"
}

output "waiting" {
  description = "Number of tasks that wait for a runner."
  value       = data.circleci_runner_tasks.linux.unclaimed_task_count
}
