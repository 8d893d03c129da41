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

variable "existing_machines" {
  description = "Number of machines that serve the resource class already."
  type        = number
  default     = 1
}

variable "new_machines" {
  description = "Number of machines to create."
  type        = number
  default     = 1
}

# Stands in for your new machines, such as an autoscaling group.
resource "terraform_data" "machines" {
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.circleci_wait_for_runners.linux]
    }
  }
}

action "circleci_wait_for_runners" "linux" {
  config {
    resource_class = "acme/linux"

    # The wanted total: the runners of the existing machines count too.
    min_runners = var.existing_machines + var.new_machines
  }
}
