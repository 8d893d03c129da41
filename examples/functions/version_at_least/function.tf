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

# A runner whose version is not known counts as outdated.
output "outdated" {
  description = "Runners whose agent is older than 3.1"
  value = [
    for runner in data.circleci_runners.acme.runners : runner.name
    if runner.version == null ? true : !provider::circleci::version_at_least(runner.version, "3.1")
  ]
}
