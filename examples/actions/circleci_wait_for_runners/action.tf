terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

# Stands in for your machines, such as an autoscaling group.
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
    min_runners    = 2
  }
}
