# Fails if the queue of a resource class has not drained within 20 s.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

data "circleci_runner_tasks" "drained" {
  resource_class = "acme/linux"

  wait_for {
    max_unclaimed = 0
    max_running   = 0
    timeout       = "20s"
    poll_interval = "5s" # At least 1s.
  }
}
