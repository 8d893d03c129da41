terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}

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
}

# The resource class to create, "" for none. Another one, without description, has no tokens.
variable "created" {
  type = string
}

resource "circleci_runner_resource_class" "created" {
  for_each       = var.created == "" ? {} : { "" = "Created by make testlive", "-empty" = null }
  resource_class = "${var.created}${each.key}"
  description    = each.value
}

resource "circleci_runner_token" "created" {
  for_each       = var.created == "" ? {} : { "" = "testlive" }
  resource_class = circleci_runner_resource_class.created[each.key].resource_class
  nickname       = each.value
}
