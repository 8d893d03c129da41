# Run by `terraform test` or `tofu test`, after init. The provider is mocked: it needs no token, and asks CircleCI nothing.

mock_provider "circleci" {
  mock_data "circleci_runner_tasks" {
    defaults = {
      unclaimed_task_count = 3
      running_task_count   = 2
    }
  }
}

# What the module reads through circleci_runners.
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
    error_message = "3 tasks wait and 2 run, but ${output.machines} machines are wanted."
  }

  assert {
    condition     = output.hosts == tolist(["build-1", "build-2"])
    error_message = "The hosts are ${jsonencode(output.hosts)}."
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
    error_message = "One machine must stay, but ${output.machines} are wanted."
  }
}

# A check that fails fails its run, unless the run says that it expects it to.
run "never_too_many" {
  variables {
    max_machines = 2
  }

  assert {
    condition     = output.machines == 2
    error_message = "At most 2 machines are allowed, but ${output.machines} are wanted."
  }

  expect_failures = [check.max_is_enough]
}
