terraform {
  required_providers {
    old = { source = "registry.example.com/circleci-labs/circleci" }
    new = { source = "registry.example.com/circleci-labs/new" }
  }
}

variable "api_url" {
  type = string
}

provider "new" {
  api_url = var.api_url
  token   = "circlecitest-personal-token"
}

resource "circleci_runner_resource_class" "new" {
  provider       = new
  resource_class = "acme/linux"
  description    = "Linux"
}

resource "circleci_runner_token" "new" {
  provider       = new
  resource_class = circleci_runner_resource_class.new.resource_class
  nickname       = "ci"
}

moved {
  from = circleci_runner_resource_class.old
  to   = circleci_runner_resource_class.new
}

moved {
  from = circleci_runner_token.old
  to   = circleci_runner_token.new
}
