# The connected runners of a resource class.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

variable "resource_class" {
  description = "The resource class whose runners are listed, as namespace/name."
  type        = string
}

data "circleci_runners" "connected" {
  resource_class   = var.resource_class
  connected_within = "5m"
}

output "runners" {
  description = "The runners, as circleci_runners lists them."
  value       = data.circleci_runners.connected.runners
}
