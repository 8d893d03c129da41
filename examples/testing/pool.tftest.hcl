# Run `terraform test` or `tofu test` after init. The provider is mocked: it needs no token and sends no requests.

mock_provider "circleci" {
  mock_data "circleci_runner_tasks" {
    defaults = {
      unclaimed_task_count = 3
      running_task_count   = 2
    }
  }
}

# Replaces what the module reads with circleci_runners.
override_module {
  target = module.connected
  outputs = {
    runners = [
      { name = "linux-1", hostname = "build-1" },
      { name = "linux-2", hostname = "build-1" },
      { name = "linux-3", hostname = "build-2" },
    ]
  }
}

variables {
  resource_class = "acme/linux"
}

run "one_machine_for_each_task" {
  assert {
    condition     = output.machines == 5
    error_message = "Expected 5 machines for 3 waiting and 2 running tasks, got ${output.machines}."
  }

  assert {
    condition     = output.hosts == tolist(["build-1", "build-2"])
    error_message = "Expected build-1 and build-2, got ${jsonencode(output.hosts)}."
  }
}

run "one_machine_for_no_task" {
  override_data {
    target = data.circleci_runner_tasks.pool
    values = {
      unclaimed_task_count = 0
      running_task_count   = 0
    }
  }

  assert {
    condition     = output.machines == 1
    error_message = "Expected the minimum of 1 machine, got ${output.machines}."
  }
}

# A failed check fails its run, unless the run expects the failure.
run "never_too_many" {
  variables {
    max_machines = 2
  }

  assert {
    condition     = output.machines == 2
    error_message = "Expected the maximum of 2 machines, got ${output.machines}."
  }

  expect_failures = [check.max_is_enough]
}
