variable "circleci_token" {
  description = "Personal API token."
  type        = string
  sensitive   = true
  ephemeral   = true
}

provider "circleci" {
  token = var.circleci_token
}
