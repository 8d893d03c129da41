# Needs Terraform 1.8 or OpenTofu 1.7, or newer.
data "circleci_runners" "acme" {
  namespace = "acme"
}

# A runner without a version counts as outdated: nobody knows how old it is.
output "outdated" {
  description = "Runners whose agent is older than 3.1"
  value = [
    for runner in data.circleci_runners.acme.runners : runner.name
    if runner.version == null ? true : !provider::circleci::version_at_least(runner.version, "3.1")
  ]
}
