# Starts machines, and waits until their runners are connected to CircleCI.

terraform {
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
  description = "Number of machines of the pool, those that run already included."
  type        = number
  default     = 2
}

variable "start_command" {
  description = "The command that starts the machines."
  type        = string
  default     = "echo This is where machines would start."
}

# Every later plan reads the data source again, and so does destroy before it destroys anything. If the machines may no longer
# exist by then, use -var wait=false.
variable "wait" {
  description = "Whether to wait until the runners are connected."
  type        = bool
  default     = true
}

variable "timeout" {
  description = "Maximum duration of the wait."
  type        = string
  default     = "15m"
}

# Stands in for your machines, such as an autoscaling group.
resource "terraform_data" "machines" {
  triggers_replace = [var.machines]

  provisioner "local-exec" {
    command = var.start_command
  }
}

data "circleci_runners" "pool" {
  # Reads after the machines have changed. Without depends_on, the plan would read.
  depends_on = [terraform_data.machines]

  resource_class = var.resource_class

  # Disconnected runners stay listed for a while, and must not satisfy the wait.
  connected_within = "2m"

  # Without the block, the data source reads once.
  dynamic "wait_for" {
    for_each = var.wait ? [1] : []

    content {
      # The wanted total, with every plan: runners that were connected before count too.
      min_runners = var.machines
      timeout     = var.timeout
    }
  }
}

output "runners" {
  description = "Names of the connected runners."
  value       = data.circleci_runners.pool.runners[*].name
}
