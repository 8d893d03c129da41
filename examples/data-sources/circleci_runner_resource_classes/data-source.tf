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

data "circleci_runner_resource_classes" "acme" {
  namespace = "acme"
}

output "descriptions" {
  description = "Description of each resource class"
  value = {
    for class in data.circleci_runner_resource_classes.acme.resource_classes : class.resource_class => class.description
  }
}
