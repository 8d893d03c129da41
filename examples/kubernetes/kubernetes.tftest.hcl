mock_provider "circleci" {}
mock_provider "kubernetes" {}
mock_provider "helm" {}

variables {
  resource_classes = { "acme/small" = {}, "acme/large" = { cpu = "4" } }
  agents           = 0
}

run "no_token_in_the_values" {
  assert {
    condition     = yamldecode(helm_release.agent.values[0]).agent.customSecret == "circleci-runner-tokens"
    error_message = "Expected the name of the secret."
  }
  assert {
    condition = alltrue([
      for class in values(yamldecode(helm_release.agent.values[0]).agent.resourceClasses) : !contains(keys(class), "token")
    ])
    error_message = "Expected no token in the values of the chart."
  }
}

run "an_agent_that_is_not_connected" {
  variables {
    agents = 1
  }
  expect_failures = [check.agent_is_connected]
}
