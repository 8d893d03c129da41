list "circleci_runner_resource_class" "all" {
  provider = circleci
  config {
    namespace = "acme/linux"
  }
}

list "circleci_runner_token" "all" {
  provider = circleci
  config {
    resource_class = "acme"
  }
}
