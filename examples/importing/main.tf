# Imports all resource classes of a namespace, and their tokens. Needs Terraform 1.14 or newer:
#
#   terraform query -generate-config-out=imported.tf
#   terraform apply

terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

provider "circleci" {}
