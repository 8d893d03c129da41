terraform {
  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

# The token comes from the environment variable CIRCLE_TOKEN.
provider "circleci" {}
