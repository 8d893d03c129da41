# The runners of an installation of CircleCI Server, whose certificate is of a private certificate authority.

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

variable "server_url" {
  description = "Origin of the installation, such as https://circleci.example.com."
  type        = string
}

variable "ca_file" {
  description = "File with the CA certificate of the installation, in PEM format."
  type        = string
}

data "circleci_runners" "linux" {
  resource_class = "acme/linux"
}

output "runners" {
  description = "Names of the runners."
  value       = data.circleci_runners.linux.runners[*].name
}
