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

variable "machines" {
  description = "Number of machines of the whole pool."
  type        = number
  default     = 2
}

# If the machines may no longer exist in a later plan, or before a destroy, use -var wait=false.
variable "wait" {
  description = "Whether to wait until the runners are connected."
  type        = bool
  default     = true
}

# Stands in for your machines, such as an autoscaling group.
resource "terraform_data" "machines" {
  triggers_replace = [var.machines]
}

data "circleci_runners" "pool" {
  # Reads after the machines have changed. Without depends_on, the plan would read.
  depends_on = [terraform_data.machines]

  resource_class = "acme/linux"

  # Required by wait_for: disconnected runners stay listed for a while, and must not count.
  connected_within = "2m"

  # Without the block, the data source reads once.
  dynamic "wait_for" {
    for_each = var.wait ? [1] : []

    content {
      min_runners = var.machines
      timeout     = "15m"
    }
  }
}

output "runners" {
  description = "Names of the connected runners."
  value       = data.circleci_runners.pool.runners[*].name
}
