resource "terraform_data" "test" {
  lifecycle {
    action_trigger {
      events  = [before_create]
      actions = [action.circleci_wait_for_queue.test]
    }
  }
}

action "circleci_wait_for_queue" "test" {
  config {
    resource_class = "acme/linux"
    max_unclaimed  = 1
    max_running    = 2
    timeout        = "1ms"
  }
}
