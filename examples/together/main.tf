# Both providers in one configuration: this one creates a resource class and a token, and reads the tasks. CircleCI's own
# hands the token to the jobs that start machines. Both need CIRCLE_TOKEN. Provider functions need Terraform 1.8 or OpenTofu
# 1.7.

terraform {
  required_providers {
    # The types of both providers begin with circleci_. A block belongs to this one unless it says otherwise.
    circleci = {
      source = "CircleCI-Public/circleci"
    }
    # This name is only used within this module, so any other would do.
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

variable "runner_api_url" {
  description = "Origin of the Runner API: of an installation of CircleCI Server, or null for CircleCI Cloud."
  type        = string
  default     = null
}

provider "circleci" {
  runner_host = var.runner_api_url
}

provider "runners" {
  api_url = var.runner_api_url
}

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
