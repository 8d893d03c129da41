provider "circleci" {
  api_version = "v2"
}

action "circleci_wait_for_queue" "running_tasks_with_api_v2" {
  config {
    resource_class = "acme/linux"
    # API v3 required: Set api_version to v3 in the provider, or use max_unclaimed.
    max_running = 0
  }
}
