action "circleci_wait_for_runners" "class_without_a_slash" {
  config {
    min_runners = 1
    # Invalid resource class: The value of resource_class has no slash
    resource_class = "linux"
  }
}

action "circleci_wait_for_runners" "negative_min_runners" {
  config {
    resource_class = "acme/linux"
    # Invalid number: min_runners must be an integer of at least 0
    min_runners = -1
  }
}

action "circleci_wait_for_runners" "invalid_connected_within" {
  config {
    resource_class = "acme/linux"
    min_runners    = 1
    # Invalid duration: connected_within is not a duration.
    connected_within = "soon"
  }
}

action "circleci_wait_for_runners" "poll_interval_below_the_minimum" {
  config {
    resource_class = "acme/linux"
    min_runners    = 1
    # Invalid duration: poll_interval must be at least 1s.
    poll_interval = "999ms"
  }
}

action "circleci_wait_for_queue" "invalid_timeout" {
  config {
    resource_class = "acme/linux"
    max_unclaimed  = 1
    # Invalid duration: timeout must be greater than zero.
    timeout = "0s"
  }
}

action "circleci_wait_for_queue" "no_limit" {
  # Missing limit: To wait for the queue, set max_unclaimed, max_running or both.
  config {
    resource_class = "acme/linux"
  }
}

action "circleci_wait_for_queue" "negative_limit" {
  config {
    resource_class = "acme/linux"
    # Invalid number: max_running must be an integer of at least 0
    max_running = -1
  }
}

terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}
