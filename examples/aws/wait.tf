# Ends the apply when the runners are connected, and warns when later plans find too few. Actions need Terraform 1.14:
# with OpenTofu, or an older Terraform, delete this file.

terraform {
  required_version = ">= 1.14.0"
}

# Replaced, and so waited for, with every other minimum and every other version of the template.
resource "terraform_data" "connected" {
  triggers_replace = [var.minimum, aws_autoscaling_group.runners.launch_template[0].version]

  # Before: the check reads after the wait, and the next apply repeats a wait that failed.
  lifecycle {
    action_trigger {
      events  = [before_create]
      actions = [action.circleci_wait_for_runners.connected]
    }
  }
}

action "circleci_wait_for_runners" "connected" {
  config {
    resource_class = var.resource_class
    # More machines come and go with their jobs. Refers to the group, and so waits after it.
    min_runners = aws_autoscaling_group.runners.min_size
    timeout     = "15m"
  }
}

data "circleci_runners" "connected" {
  depends_on = [terraform_data.connected]

  resource_class   = var.resource_class
  connected_within = "5m"
}

# A failed check is a warning: the plan and the apply continue.
check "runners_are_connected" {
  assert {
    condition     = length(data.circleci_runners.connected.runners) >= var.minimum
    error_message = "Fewer than ${var.minimum} runners of ${var.resource_class} are connected."
  }
}
