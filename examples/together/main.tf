# This provider creates a resource class and a token, and counts the tasks. CircleCI's own hands the token to the jobs that
# start machines. Both read CIRCLE_TOKEN.

terraform {
  required_providers {
    # Every block whose type begins with circleci_ belongs to this provider unless it says otherwise.
    circleci = {
      source = "CircleCI-Public/circleci"
    }
    # Any name would do: it is only used within this module.
    runners = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

variable "organization_id" {
  description = "ID of the organization that owns the namespace."
  type        = string
}

provider "circleci" {}

provider "runners" {}

resource "circleci_runner_resource_class" "linux" {
  provider = runners

  resource_class = "acme/linux"
  description    = "Linux machines"
}

resource "circleci_runner_token" "linux" {
  provider = runners

  resource_class = circleci_runner_resource_class.linux.resource_class
  nickname       = "linux"
}

resource "circleci_context" "machines" {
  organization_id = var.organization_id
  name            = "machines"
}

resource "circleci_context_environment_variable" "token" {
  context_id = circleci_context.machines.id
  name       = "LAUNCH_AGENT_API_AUTH_TOKEN"
  value      = circleci_runner_token.linux.token
}

data "circleci_runner_tasks" "linux" {
  provider = runners

  # The class exists only after the first apply. Without depends_on, the first plan would read it, and fail.
  depends_on = [circleci_runner_resource_class.linux]

  resource_class = circleci_runner_resource_class.linux.resource_class
}

# A function is called by the local name of its provider.
output "machines" {
  description = "Number of machines for acme/linux: one for each task, from 1 to 20."
  value = provider::runners::desired_capacity(
    data.circleci_runner_tasks.linux.unclaimed_task_count,
    data.circleci_runner_tasks.linux.running_task_count,
    1,
    20,
  )
}
