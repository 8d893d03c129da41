# Starts new machines of a pool, and ends the apply when their runners are connected to CircleCI. Actions need Terraform 1.14.

terraform {
  required_version = ">= 1.14.0"

  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

variable "existing_machines" {
  description = "Number of machines of the pool that are connected already, and stay."
  type        = number
  default     = 2
}

variable "new_machines" {
  description = "Number of machines to start. A change replaces them all."
  type        = number
  default     = 2
}

resource "circleci_runner_token" "new" {
  resource_class = "acme/linux"
  nickname       = "new machines"
}

# Stands in for your new machines.
resource "terraform_data" "machines" {
  triggers_replace = [var.new_machines, circleci_runner_token.new.id]

  lifecycle {
    action_trigger {
      events  = [after_create] # Add after_update for a group whose size changes in place.
      actions = [action.circleci_wait_for_runners.pool]
    }
  }
}

action "circleci_wait_for_runners" "pool" {
  config {
    resource_class = "acme/linux"
    min_runners    = var.existing_machines + var.new_machines
    timeout        = "15m"
  }
}
