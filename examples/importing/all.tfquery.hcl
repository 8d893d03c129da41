list "circleci_runner_resource_class" "all" {
  provider = circleci
  limit    = 1000 # Terraform's default is 100.

  config {
    namespace = "acme"
  }
}

list "circleci_runner_token" "all" {
  for_each = toset(list.circleci_runner_resource_class.all.data[*].identity.resource_class)
  provider = circleci

  config {
    resource_class = each.value
  }
}
