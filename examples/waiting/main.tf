# An apply that starts machines, and ends when their runners are connected to CircleCI.

terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
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
  description = "How many machines to start."
  type        = number
  default     = 2
}

variable "start_command" {
  description = "The command that starts the machines."
  type        = string
  default     = "echo This is where machines would start."
}

# A data source is read again by every later plan, and by destroy before it destroys anything. When the machines may be
# gone by then, there is nothing to wait for: plan and destroy with -var wait=false.
variable "wait" {
  description = "Whether to wait until the runners are connected."
  type        = bool
  default     = true
}

variable "timeout" {
  description = "How long to wait at most."
  type        = string
  default     = "15m"
}

# In the place of what starts your machines, such as an autoscaling group.
resource "terraform_data" "machines" {
  triggers_replace = [var.machines]

  provisioner "local-exec" {
    command = var.start_command
  }
}

data "circleci_runners" "pool" {
  # While the machines have changes to be applied, the read waits for these. Without it, the plan would read.
  depends_on = [terraform_data.machines]

  resource_class = var.resource_class

  # Runners that went away stay listed, so only those that were seen just now show that the machines are up.
  connected_within = "2m"

  # Null does not wait: the read then lists what is there.
  wait_for = var.wait ? {
    min_runners = var.machines
    timeout     = var.timeout
  } : null
}

output "runners" {
  description = "Names of the connected runners."
  value       = data.circleci_runners.pool.runners[*].name
}
