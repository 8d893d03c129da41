# Provider functions need Terraform 1.8 or OpenTofu 1.7.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

data "circleci_runners" "acme" {
  namespace = "acme"
}

# version_at_least fails on a version that is null or not a version. try counts such a runner as outdated.
output "outdated" {
  description = "Runners whose agent is older than 3.1"
  value = [
    for runner in data.circleci_runners.acme.runners : runner.name
    if !try(provider::circleci::version_at_least(runner.version, "3.1"), false)
  ]
}
