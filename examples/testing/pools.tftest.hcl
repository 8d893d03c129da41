# Run `terraform test` or `tofu test` after init. The provider is mocked: it needs no token and sends no requests.

mock_provider "circleci" {}

variables {
  namespace = "acme"
  pools = {
    "acme/linux" = { min = 1, max = 10 }
    "acme/macos" = { min = 2, max = 4 }
  }
}

run "one_machine_for_each_task" {
  # Replaces what the module reads with circleci_runner_fleets.
  override_module {
    target = module.fleets
    outputs = {
      fleets = {
        "acme/linux" = { connected_runner_count = 2, unclaimed_task_count = 3, running_task_count = 2 }
        "acme/macos" = { connected_runner_count = 2, unclaimed_task_count = 0, running_task_count = 0 }
      }
    }
  }

  assert {
    condition     = output.machines == { "acme/linux" = 5, "acme/macos" = 2 }
    error_message = "Expected 5 Linux machines for 3 waiting and 2 running tasks, and the minimum of 2 Macs, got ${jsonencode(output.machines)}."
  }
}

run "no_more_than_the_maximum" {
  override_module {
    target = module.fleets
    outputs = {
      fleets = {
        "acme/linux" = { connected_runner_count = 0, unclaimed_task_count = 30, running_task_count = 2 }
        "acme/macos" = { connected_runner_count = 2, unclaimed_task_count = 0, running_task_count = 0 }
      }
    }
  }

  assert {
    condition     = output.machines["acme/linux"] == 10
    error_message = "Expected the maximum of 10 machines, got ${output.machines["acme/linux"]}."
  }

  # A failed check fails its run, unless the run expects the failure.
  expect_failures = [check.enough_are_connected]
}
