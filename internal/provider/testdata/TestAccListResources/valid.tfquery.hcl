list "circleci_runner_resource_class" "all" {
  provider         = circleci
  include_resource = true
  config {
    namespace = "acme"
  }
}

list "circleci_runner_resource_class" "limited" {
  provider = circleci
  limit    = 1
  config {
    namespace = "acme"
  }
}

list "circleci_runner_token" "all" {
  provider         = circleci
  include_resource = true
  config {
    resource_class = "Acme/Linux"
  }
}
