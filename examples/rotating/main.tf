# Rotates a runner token while its machines overlap: each token has its own secret and its own machines. terraform_data stands
# in for the secret store and for the machines.

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
  description = "The resource class of the machines, as namespace/name."
  type        = string
  default     = "acme/linux"
}

variable "tokens" {
  description = "Nicknames of the tokens: one for each group of machines, and one more during a rotation."
  type        = set(string)
  default     = ["2026-11"]
}

variable "machines" {
  description = "Number of machines of each token."
  type        = number
  default     = 1
}

# If the machines may no longer exist in a later plan, or before a destroy, use -var wait=false.
variable "wait" {
  description = "Whether to wait until the runners are connected."
  type        = bool
  default     = true
}

resource "circleci_runner_token" "pool" {
  for_each = var.tokens

  resource_class = var.resource_class
  nickname       = each.key
}

# Stands in for your secret store, such as aws_secretsmanager_secret_version.
resource "terraform_data" "secret" {
  for_each = var.tokens

  input            = each.key
  triggers_replace = circleci_runner_token.pool[each.key].token
}

# Stands in for your machines. They read the secret of their own token at boot.
resource "terraform_data" "machines" {
  for_each = var.tokens

  input            = each.key
  triggers_replace = [var.machines, terraform_data.secret[each.key].id]
}

data "circleci_runners" "pool" {
  # Reads after the machines have changed. Without depends_on, the plan would read.
  depends_on = [terraform_data.machines]

  resource_class   = var.resource_class
  connected_within = "2m"

  # Without the block, the data source reads once.
  dynamic "wait_for" {
    for_each = var.wait ? [1] : []

    content {
      # The machines of all tokens. With two tokens, the runners of the old machines alone are too few.
      min_runners = var.machines * length(var.tokens)
      timeout     = "15m"
    }
  }
}
