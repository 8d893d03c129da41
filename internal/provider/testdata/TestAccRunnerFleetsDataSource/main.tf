data "circleci_runner_fleets" "default" {
  namespace = "acme"
}

data "circleci_runner_fleets" "classes" {
  namespace        = "acme"
  resource_classes = ["acme/empty", "Acme/linux"]
  connected_within = "10m"
}

data "circleci_runner_fleets" "all" {
  namespace            = "acme"
  resource_classes     = ["acme/Linux"]
  all_resource_classes = true
}

data "circleci_runner_fleets" "only" {
  namespace             = "acme"
  only_resource_classes = ["acme/empty", "Acme/linux"]
}

data "circleci_runner_fleets" "times" {
  namespace = "forms"
}

locals {
  blocks = {
    default = data.circleci_runner_fleets.default
    classes = data.circleci_runner_fleets.classes
    all     = data.circleci_runner_fleets.all
    only    = data.circleci_runner_fleets.only
    times   = data.circleci_runner_fleets.times
  }
}

output "totals" {
  value = { for name, block in local.blocks : name => [
    block.runner_count, block.connected_runner_count, block.unclaimed_task_count, block.running_task_count,
  ] }
}

output "fleets" {
  value = { for name, block in local.blocks : name => { for class, fleet in block.fleets : class => [
    fleet.runner_count, fleet.connected_runner_count, fleet.unclaimed_task_count, fleet.running_task_count,
    fleet.last_connected, fleet.versions,
  ] } }
}
