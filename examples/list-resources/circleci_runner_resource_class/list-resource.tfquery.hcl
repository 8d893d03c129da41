list "circleci_runner_resource_class" "all" {
  provider = circleci
  limit    = 1000 # Terraform's default is 100.

  config {
    namespace = "acme"
  }
}
