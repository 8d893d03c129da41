# What must be true of every fleet is a precondition.
variable "resource_class" {
  type = string
}

data "circleci_runners" "live" {
  resource_class = var.resource_class
}

data "circleci_runner_tasks" "live" {
  resource_class = var.resource_class
}

output "runners" {
  value = length(data.circleci_runners.live.runners)
  precondition {
    condition = alltrue([for runner in data.circleci_runners.live.runners :
      lower(runner.resource_class) == lower(var.resource_class) && length(runner.name) > 0 && alltrue([
        for at in [runner.first_connected, runner.last_connected, runner.last_used] : at == null || can(timeadd(at, "0s"))
      ])
    ])
    error_message = "A runner is of another resource class, has no name, or has a time that is not in the format of RFC 3339."
  }
}

output "unclaimed_task_count" {
  value = data.circleci_runner_tasks.live.unclaimed_task_count
  precondition {
    condition     = abs(floor(data.circleci_runner_tasks.live.unclaimed_task_count)) == data.circleci_runner_tasks.live.unclaimed_task_count
    error_message = "unclaimed_task_count is not an integer of at least zero."
  }
}
