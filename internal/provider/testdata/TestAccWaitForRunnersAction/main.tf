resource "terraform_data" "test" {
  lifecycle {
    action_trigger {
      events  = [before_create]
      actions = [action.circleci_wait_for_runners.test]
    }
  }
}

action "circleci_wait_for_runners" "test" {
  config {
    resource_class   = "acme/linux"
    min_runners      = 1
    connected_within = "2h"
    timeout          = "1ms"
  }
}
