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

# Stands in for your machines. Another image changes them in place, once the queue has drained.
resource "terraform_data" "machines" {
  input = "image-1"

  lifecycle {
    action_trigger {
      events  = [before_update]
      actions = [action.circleci_wait_for_queue.linux]
    }
  }
}

action "circleci_wait_for_queue" "linux" {
  config {
    resource_class = "acme/linux"
    max_unclaimed  = 0
    max_running    = 0
    timeout        = "1h"
  }
}
