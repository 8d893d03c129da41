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

data "circleci_runner_resource_class" "linux" {
  resource_class = "acme/linux"
}

output "description" {
  description = "Description of the resource class"
  value       = data.circleci_runner_resource_class.linux.description
}
