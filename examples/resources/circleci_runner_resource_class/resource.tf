terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

# The token comes from the environment variable CIRCLE_TOKEN.
provider "circleci" {}

resource "circleci_runner_resource_class" "linux" {
  resource_class = "acme/linux-large"
  description    = "Large Linux machines"
}

# A class that has tokens cannot be deleted, so the token is replaced with it.
resource "circleci_runner_token" "linux" {
  resource_class = circleci_runner_resource_class.linux.resource_class
  nickname       = "linux-large"

  lifecycle {
    replace_triggered_by = [circleci_runner_resource_class.linux.id]
  }
}
