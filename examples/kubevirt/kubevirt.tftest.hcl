# Run `terraform test` after init. The providers are mocked: no CircleCI, no cluster, no token.

mock_provider "circleci" {}

mock_provider "helm" {}

variables {
  resource_classes = {
    "acme/vm.small" = { min = 0, max = 4 }
    "acme/vm-large" = { min = 0, max = 2 }
  }
}

run "bounds_of_each_class" {
  assert {
    condition = yamldecode(helm_release.orchestrator.values[0]) == {
      provisioner = {
        resourceClasses = {
          "acme/vm.small" = { scaling = { minReplicas = 0, maxReplicas = 4 } }
          "acme/vm-large" = { scaling = { minReplicas = 0, maxReplicas = 2 } }
        }
      }
    }
    error_message = "Expected the bounds and no token, got ${helm_release.orchestrator.values[0]}."
  }
}

# The old tokens stay valid until their names are removed. Each class has a token of each name.
run "tokens_overlap" {
  variables {
    tokens = ["1", "2"]
  }

  assert {
    condition     = length(circleci_runner_token.fleet) == 4 && length(local.current) == 2
    error_message = "Expected two tokens for each class, and one of them in the release."
  }

  assert {
    condition     = alltrue([for token in local.current : token.nickname == "kubevirt-2"])
    error_message = "Expected the last token of each class in the release."
  }
}

run "more_tasks_than_the_maximum" {
  command = plan

  override_data {
    target = data.circleci_runner_tasks.fleet
    values = {
      running_task_count = 3
    }
  }

  expect_failures = [helm_release.orchestrator]
}

# Mocked lists of objects are empty: no runner is connected.
run "fewer_runners_than_the_minimum" {
  variables {
    resource_classes = { "acme/vm-large" = { min = 1, max = 2 } }
  }

  expect_failures = [check.minimum_is_connected]
}

run "a_minimum_above_the_maximum" {
  command = plan

  variables {
    resource_classes = { "acme/vm-large" = { min = 3, max = 2 } }
  }

  expect_failures = [var.resource_classes]
}
