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

# Stands in for two new machines, beside two that run already.
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
    min_runners    = 4 # The total: the two that run already count too.
  }
}
