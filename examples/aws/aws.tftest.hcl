# Run `terraform test` after init. The providers are mocked: it needs no account and no token, and starts nothing.

mock_provider "aws" {}

mock_provider "circleci" {
  mock_data "circleci_runner_tasks" {
    defaults = {
      unclaimed_task_count = 3
      running_task_count   = 2
    }
  }
}

variables {
  resource_class = "acme/linux"
  subnets        = ["subnet-a"]
  image          = "ami-a"
  minimum        = 0
}

run "one_machine_for_each_task" {
  assert {
    condition     = aws_autoscaling_group.runners.desired_capacity == 5
    error_message = "Expected 5 machines for 3 waiting and 2 running tasks, got ${aws_autoscaling_group.runners.desired_capacity}."
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.machine.user_data), "MODE='single-task'")
    error_message = "Expected machines that run one job."
  }
}

run "no_token_in_user_data" {
  assert {
    condition = !strcontains(
      base64decode(aws_launch_template.machine.user_data), nonsensitive(circleci_runner_token.runners.token),
    )
    error_message = "The user data has the token."
  }
}

run "left_to_an_autoscaler" {
  variables {
    autoscaled = true
  }

  assert {
    condition     = length(data.circleci_runner_tasks.runners) == 0
    error_message = "Expected no read of the tasks."
  }
}

run "a_mode_that_does_not_exist" {
  command = plan

  variables {
    mode = "once"
  }

  expect_failures = [var.mode]
}
