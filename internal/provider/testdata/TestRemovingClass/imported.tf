resource "circleci_runner_resource_class" "linux" {
  resource_class = "acme/linux"
}

resource "circleci_runner_token" "linux" {
  resource_class = circleci_runner_resource_class.linux.resource_class
}

import {
  to = circleci_runner_resource_class.linux
  id = "acme/linux"
}

import {
  to = circleci_runner_token.linux
  id = "acme/linux/9e12ad09-527d-482c-b7ce-1a2fd20d1b9b"
}
