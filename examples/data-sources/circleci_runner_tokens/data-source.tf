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

output "tokens_left" {
  description = "Number of tokens that can be created before the class has ten, the most that CircleCI allows"
  value       = 10 - length(data.circleci_runner_tokens.linux.tokens)
}
