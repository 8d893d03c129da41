list "circleci_runner_token" "linux" {
  provider = circleci

  config {
    resource_class = "acme/linux"
  }
}
