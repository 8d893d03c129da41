# Virtual machines on Kubernetes: resource classes, their tokens, and CircleCI's machine runner orchestrator, which
# starts and removes the machines. Write-only arguments need Terraform 1.11 or OpenTofu 1.11.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
    helm = {
      source  = "hashicorp/helm"
      version = "~> 3.1"
    }
  }
}

# The token comes from the environment variable CIRCLE_TOKEN.
provider "circleci" {}

provider "helm" {
  kubernetes = {
    config_path    = var.kubeconfig
    config_context = var.kube_context
  }
}

resource "circleci_runner_resource_class" "fleet" {
  for_each = var.resource_classes

  resource_class = each.key
  description    = "Managed by Terraform"
}

# Refers to the class, so that the class is created first and destroyed last.
resource "circleci_runner_token" "fleet" {
  for_each = {
    for pair in setproduct(keys(var.resource_classes), var.tokens) :
    join(" ", pair) => { class = pair[0], name = pair[1] }
  }

  resource_class = circleci_runner_resource_class.fleet[each.value.class].resource_class
  nickname       = "kubevirt-${each.value.name}"

  lifecycle {
    # If a token has to be replaced, the old one is deleted after the orchestrator has the new one.
    create_before_destroy = true
  }
}

locals {
  # The orchestrator gets the last token of each class.
  current = {
    for class in keys(var.resource_classes) :
    class => circleci_runner_token.fleet["${class} ${var.tokens[length(var.tokens) - 1]}"]
  }

  # Everything that an upgrade of the release may change. The tokens are not in it, only their IDs.
  release = {
    version = var.chart_version
    tokens  = { for class, token in local.current : class => token.id }
    values = concat(var.chart_values, [yamlencode({
      provisioner = {
        resourceClasses = {
          for class, bounds in var.resource_classes :
          class => { scaling = { minReplicas = bounds.min, maxReplicas = bounds.max } }
        }
      }
    })])
  }
}

# The Helm provider passes set_wo on only if set_wo_revision has increased: any other upgrade would remove the tokens.
# So every change of the release makes a new revision, which is the time of its plan.
resource "terraform_data" "revision" {
  input            = plantimestamp()
  triggers_replace = local.release

  lifecycle {
    ignore_changes = [input] # Otherwise every plan would be a revision. A replacement does not ignore it.
  }
}

resource "helm_release" "orchestrator" {
  name             = "machine-runner-orchestrator"
  namespace        = var.kubernetes_namespace
  create_namespace = true
  repository       = "https://packagecloud.io/circleci/machine-runner-orchestrator/helm"
  chart            = "machine-runner-orchestrator"
  version          = local.release.version
  values           = local.release.values

  # Write-only: neither in a plan nor in the state. In a name, a dot separates keys unless it is escaped.
  set_wo = [
    for class, token in local.current : {
      name  = "provisioner.resourceClasses.${replace(class, ".", "\\.")}.token"
      value = token.token
      type  = "string"
    }
  ]
  set_wo_revision = parseint(formatdate("YYYYMMDDhhmmss", terraform_data.revision.output), 10)

  lifecycle {
    precondition {
      condition     = length(local.too_busy) == 0
      error_message = "More tasks run than the maximum, so machines might be removed: ${local.busy}."
    }
  }
}

data "circleci_runner_tasks" "fleet" {
  for_each = var.resource_classes

  # A class that is created in the same apply is read after that.
  depends_on = [circleci_runner_resource_class.fleet]

  resource_class = each.key
}

locals {
  # With API v2, the running count is null: not known.
  running = { for class, tasks in data.circleci_runner_tasks.fleet : class => tasks.running_task_count }

  busy = join(", ", local.too_busy)
  too_busy = [
    for class, bounds in var.resource_classes : "${class} (running: ${coalesce(local.running[class], "unknown")})"
    if local.running[class] == null ? true : local.running[class] > bounds.max
  ]
}

# Only classes with a minimum have machines when no job waits.
data "circleci_runners" "fleet" {
  for_each = { for class, bounds in var.resource_classes : class => bounds if bounds.min > 0 }

  depends_on = [helm_release.orchestrator]

  resource_class = each.key

  # Disconnected runners stay listed for a while, and must not satisfy the wait.
  connected_within = "2m"

  # Without the block, the data source reads once.
  dynamic "wait_for" {
    for_each = var.wait ? [1] : []

    content {
      min_runners = each.value.min
      timeout     = "15m"
    }
  }
}

# A failed check is a warning: the plan and the apply continue.
check "minimum_is_connected" {
  assert {
    condition     = length(local.too_few) == 0
    error_message = "Fewer runners are connected than the minimum: ${join(", ", local.too_few)}."
  }
}

locals {
  too_few = [
    for class, fleet in data.circleci_runners.fleet : "${class} (${length(fleet.runners)})"
    if length(fleet.runners) < var.resource_classes[class].min
  ]
}
