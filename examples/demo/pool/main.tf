# `make demo` creates this in a Runner API on loopback, plans again, and destroys it.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}

resource "circleci_runner_resource_class" "windows" {
  resource_class = "acme/windows"
  description    = "Windows builds"
}

# Machines authenticate with its `token` attribute, which is sensitive, and in the state.
resource "circleci_runner_token" "windows" {
  resource_class = circleci_runner_resource_class.windows.resource_class
  nickname       = "demo"
}
