variable "unknown" {
  type    = string
  default = null
}
variable "scheme" {
  type = string
}
resource "terraform_data" "unknown" {}
data "circleci_runners" "unicode" {
  resource_class = "äcme-1_2.3/línux:€"
}
data "circleci_runners" "both" {
  resource_class = "Acme/linux"
  namespace      = "acme"
}
data "circleci_runners" "unknown" {
  resource_class = terraform_data.unknown.id
  namespace      = var.unknown
}
data "circleci_runner_tasks" "unknown" {
  resource_class = terraform_data.unknown.id
  wait_for {
    max_unclaimed = 9223372036854775807
    poll_interval = "1s"
  }
}
data "circleci_runners" "unknown_wait" {
  resource_class = "acme/linux"
  dynamic "wait_for" {
    for_each = var.unknown == null ? [] : [var.unknown]
    content {
      min_runners = wait_for.value
    }
  }
}
data "circleci_runner_tasks" "unknown_limit" {
  resource_class = "acme/linux"
  wait_for {
    max_unclaimed = var.unknown
  }
}
data "circleci_runner_fleet" "unknown" {
  namespace        = "acme"
  resource_classes = ["acme/linux", terraform_data.unknown.id]
}
provider "circleci" {
  launch_token    = "sesame-open"
  token_scheme    = var.scheme
  request_timeout = "100ms"
}
