# Fleets from nothing, one for each pool: a resource class, a token in a secret store, machines, and a wait until their runners
# are connected. terraform_data stands in for the secret store and for the machines.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

variable "pools" {
  description = "Number of machines of each pool, by the resource class to create. The namespace must exist."
  type        = map(number)
  default = {
    "acme/linux-large" = 2
    "acme/macos-large" = 2
    "acme/gpu-large"   = 2
  }
}

# If the machines may no longer exist in a later plan, or before a destroy, use -var wait=false.
variable "wait" {
  description = "Whether to wait until the runners are connected."
  type        = bool
  default     = true
}

resource "circleci_runner_resource_class" "pool" {
  for_each = var.pools

  resource_class = each.key
  description    = "Managed by Terraform"
}

# Refers to the class, so that the class is created first and destroyed last.
resource "circleci_runner_token" "pool" {
  for_each = var.pools

  resource_class = circleci_runner_resource_class.pool[each.key].resource_class
  nickname       = "fleet"

  lifecycle {
    replace_triggered_by = [circleci_runner_resource_class.pool[each.key].id]
  }
}

# Stands in for your secret store, such as aws_secretsmanager_secret_version. As input, the secret would be printed with the output.
resource "terraform_data" "secret" {
  for_each = var.pools

  triggers_replace = circleci_runner_token.pool[each.key].token
}

# Stands in for your machines, such as an autoscaling group. They read the secret at boot. A new one replaces them.
resource "terraform_data" "machines" {
  for_each = var.pools

  triggers_replace = [each.value, terraform_data.secret[each.key].id]
}

data "circleci_runners" "pool" {
  for_each = var.pools

  # Reads after the machines have changed. Without depends_on, the plan would read.
  depends_on = [terraform_data.machines]

  resource_class   = circleci_runner_resource_class.pool[each.key].resource_class
  connected_within = "2m" # Disconnected runners stay listed for a while, and must not satisfy the wait.

  dynamic "wait_for" {
    for_each = var.wait ? [1] : []

    content {
      min_runners = each.value # The whole pool, with every plan.
      timeout     = "15m"
    }
  }
}

locals {
  missing = [
    for class, pool in data.circleci_runners.pool : "${class} (${length(pool.runners)})"
    if length(pool.runners) < var.pools[class]
  ]
}

# A failed check is a warning: the plan and the apply continue.
check "machines_are_connected" {
  assert {
    condition     = length(local.missing) == 0
    error_message = "Fewer runners are connected than there are machines: ${join(", ", local.missing)}."
  }
}
