# Starts machines, and ends the apply when their runners are connected to CircleCI. Needs Terraform 1.14 or newer.

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

variable "resource_class" {
  description = "The resource class that the machines serve, as namespace/name."
  type        = string
  default     = "acme/linux"
}

variable "machines" {
  description = "Number of machines of the pool. A change replaces them all."
  type        = number
  default     = 2
}

variable "start_command" {
  description = "The command that starts the machines."
  type        = string
  default     = "echo This is where machines would start."
}

# Stands in for your machines, such as an autoscaling group.
resource "terraform_data" "machines" {
  triggers_replace = [var.machines]

  provisioner "local-exec" {
    command = var.start_command
  }

  # The action runs when machines were created, and never otherwise: later plans and destroys do not wait.
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.circleci_wait_for_runners.pool]
    }
  }
}

action "circleci_wait_for_runners" "pool" {
  config {
    resource_class = var.resource_class
    min_runners    = var.machines # The wanted total: runners that were connected before count too.
    timeout        = "15m"
  }
}
