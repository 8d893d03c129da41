variable "class" { type = string }

data "circleci_runners" "class" {
  resource_class = "acme/linux"
}

data "circleci_runners" "namespace" {
  namespace = "acme"
}

data "circleci_runners" "both" {
  resource_class = "ACME/Mac"
  namespace      = "Acme"
}

data "circleci_runners" "idle" {
  resource_class = "acme/idle"
}

# Its class is known after apply only.
data "circleci_runners" "deferred" {
  resource_class = terraform_data.class.output
  namespace      = "acme"
}

resource "terraform_data" "class" {
  input = var.class
}

resource "terraform_data" "runners" {
  input = data.circleci_runners.namespace.runners
}
