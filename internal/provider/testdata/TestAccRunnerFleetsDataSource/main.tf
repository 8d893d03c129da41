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
  fleets = {
    default = data.circleci_runner_fleets.default
    classes = data.circleci_runner_fleets.classes
    all     = data.circleci_runner_fleets.all
    only    = data.circleci_runner_fleets.only
    times   = data.circleci_runner_fleets.times
  }
}

output "totals" {
  value = { for name, fleet in local.fleets : name => [
    fleet.runner_count, fleet.connected_runner_count, fleet.unclaimed_task_count, fleet.running_task_count,
  ] }
}

output "classes" {
  value = { for name, fleet in local.fleets : name => { for class, pool in fleet.fleets : class => [
    pool.runner_count, pool.connected_runner_count, pool.unclaimed_task_count, pool.running_task_count,
    pool.last_connected, pool.versions,
  ] } }
}
