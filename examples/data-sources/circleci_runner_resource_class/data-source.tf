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

# Another configuration manages the class.
data "circleci_runner_resource_class" "linux" {
  resource_class = "acme/linux"
}

resource "circleci_runner_token" "builders" {
  resource_class = data.circleci_runner_resource_class.linux.resource_class
  nickname       = "builders"
}

output "description" {
  description = "Description of the resource class"
  value       = data.circleci_runner_resource_class.linux.description
}
