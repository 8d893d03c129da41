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

data "circleci_organization_runners" "acme" {
  organization_id = "b9291e0d-a11e-41fb-8517-c545388b5953"
}

output "busy" {
  description = "Names of the runners that run a task"
  value       = [for runner in data.circleci_organization_runners.acme.runners : runner.name if runner.status == "busy"]
}
