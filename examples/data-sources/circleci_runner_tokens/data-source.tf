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

data "circleci_runner_tokens" "linux" {
  resource_class = "acme/linux"
}

output "nicknames" {
  description = "Nickname of each token, by its ID"
  value       = { for token in data.circleci_runner_tokens.linux.tokens : token.id => token.nickname }
}

# A class has up to ten tokens. The first is the oldest.
check "tokens_are_left" {
  assert {
    condition     = length(data.circleci_runner_tokens.linux.tokens) < 9
    error_message = "acme/linux has ${length(data.circleci_runner_tokens.linux.tokens)} of 10 tokens."
  }
}
