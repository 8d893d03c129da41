# A fleet from nothing: a resource class, a token in a secret store, machines, and a wait until their runners are connected.
# terraform_data stands in for the secret store and for the machines.

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
  description = "The resource class to create, as namespace/name. The namespace must exist."
  type        = string
  default     = "acme/linux-large"
}

variable "machines" {
  description = "Number of machines of the fleet."
  type        = number
  default     = 2
}

variable "start_command" {
  description = "The command that starts the machines."
  type        = string
  default     = "echo This is where machines would start."
}

# Every later plan reads the runners again, and so does destroy before it destroys anything. If the machines may no longer
# exist by then, use -var wait=false.
variable "wait" {
  description = "Whether to wait until the runners are connected."
  type        = bool
  default     = true
}

resource "circleci_runner_resource_class" "fleet" {
  resource_class = var.resource_class
  description    = "Managed by Terraform"
}

# Refers to the class, so that the class is created first and destroyed last.
resource "circleci_runner_token" "fleet" {
  resource_class = circleci_runner_resource_class.fleet.resource_class
  nickname       = "fleet"

  lifecycle {
    replace_triggered_by = [circleci_runner_resource_class.fleet.id]
  }
}

# Stands in for your secret store, such as aws_secretsmanager_secret_version. As input, the secret would be printed with the output.
resource "terraform_data" "secret" {
  triggers_replace = circleci_runner_token.fleet.token
}

# Stands in for your machines, such as an autoscaling group. They read the token from the secret store. A new token replaces
# them.
resource "terraform_data" "machines" {
  input            = terraform_data.secret.id
  triggers_replace = [var.machines, circleci_runner_token.fleet.id]

  provisioner "local-exec" {
    command = var.start_command
  }
}

data "circleci_runners" "fleet" {
  # Reads after the machines have changed. Without depends_on, the plan would read.
  depends_on = [terraform_data.machines]

  resource_class = circleci_runner_resource_class.fleet.resource_class

  # Disconnected runners stay listed for a while, and must not satisfy the wait.
  connected_within = "2m"

  # Without the block, the data source reads once.
  dynamic "wait_for" {
    for_each = var.wait ? [1] : []

    content {
      # The wanted total, with every plan: runners that were connected before count too.
      min_runners = var.machines
      timeout     = "15m"
    }
  }
}

# A failed check is a warning: the plan and the apply continue.
check "machines_are_connected" {
  assert {
    condition     = length(data.circleci_runners.fleet.runners) >= var.machines
    error_message = "Connected runners of ${var.resource_class}: ${length(data.circleci_runners.fleet.runners)}, expected ${var.machines}."
  }
}

output "runners" {
  description = "Names of the connected runners."
  value       = data.circleci_runners.fleet.runners[*].name
}
