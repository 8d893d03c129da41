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

data "circleci_runners" "linux" {
  resource_class   = "acme/linux"
  connected_within = "5m"
}

output "addresses" {
  description = "IP addresses of the connected runners, by name"
  value       = { for runner in data.circleci_runners.linux.runners : runner.name => runner.ip }
}
