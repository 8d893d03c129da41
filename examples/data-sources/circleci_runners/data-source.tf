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

# The runners of one resource class.
data "circleci_runners" "linux" {
  resource_class = "acme/linux"
}

# The runners of all resource classes of a namespace.
data "circleci_runners" "acme" {
  namespace = "acme"
}

output "linux_hosts" {
  description = "Machines that serve acme/linux"
  value       = distinct(data.circleci_runners.linux.runners[*].hostname)
}

output "runner_names" {
  description = "Names of the runners, by resource class"
  value = {
    for runner in data.circleci_runners.acme.runners : runner.resource_class => runner.name...
  }
}
