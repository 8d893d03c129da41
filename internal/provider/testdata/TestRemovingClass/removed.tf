removed {
  from = circleci_runner_resource_class.linux

  lifecycle {
    destroy = false
  }
}

removed {
  from = circleci_runner_token.linux

  lifecycle {
    destroy = false
  }
}
