# Runners on Kubernetes: resource classes, their tokens in a Kubernetes secret, CircleCI's container agent, and a wait until
# it is connected. Write-only arguments need Terraform 1.11 or OpenTofu 1.11.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = "~> 2.38"
    }
    helm = {
      source  = "hashicorp/helm"
      version = "~> 3.1"
    }
  }
}

# The token comes from the environment variable CIRCLE_TOKEN.
provider "circleci" {}

provider "kubernetes" {
  config_path    = var.kubeconfig
  config_context = var.kube_context
}

provider "helm" {
  kubernetes = {
    config_path    = var.kubeconfig
    config_context = var.kube_context
  }
}

locals {
  tokens = {
    for pair in setproduct(keys(var.resource_classes), var.tokens) : join(" ", pair) => { class = pair[0], name = pair[1] }
  }

  # The agent gets the last token of each class.
  last    = var.tokens[length(var.tokens) - 1]
  current = { for class in keys(var.resource_classes) : class => circleci_runner_token.agent["${class} ${local.last}"] }

  # A number that another token changes: the secret is written again, and the agent is restarted. It is made of IDs, not of
  # secrets.
  revision = 1 + parseint(substr(sha256(join(" ", [for token in local.current : token.id])), 0, 12), 16)
}

resource "circleci_runner_resource_class" "agent" {
  for_each = var.resource_classes

  resource_class = each.key
  description    = "Managed by Terraform"
}

# Refers to the class, so that the class is created first and destroyed last.
resource "circleci_runner_token" "agent" {
  for_each = local.tokens

  resource_class = circleci_runner_resource_class.agent[each.value.class].resource_class
  nickname       = "kubernetes-${each.value.name}"
}

# Only the agent and its jobs should be in this namespace: whoever may read its secrets may read the tokens.
resource "kubernetes_namespace_v1" "agent" {
  metadata {
    name = var.kubernetes_namespace
  }
}

# Write-only, so neither the plan nor this resource's state has the tokens.
resource "kubernetes_secret_v1" "tokens" {
  metadata {
    name      = "circleci-runner-tokens"
    namespace = kubernetes_namespace_v1.agent.metadata[0].name
  }

  # The keys of a secret cannot have a slash. The agent expects a period in its place.
  data_wo          = { for class, token in local.current : replace(class, "/", ".") => token.token }
  data_wo_revision = local.revision
}

resource "helm_release" "agent" {
  name       = "container-agent"
  namespace  = kubernetes_namespace_v1.agent.metadata[0].name
  repository = "https://packagecloud.io/circleci/container-agent/helm"
  chart      = "container-agent"
  version    = var.chart_version
  timeout    = 600

  values = [yamlencode({
    agent = {
      replicaCount       = var.agents
      maxConcurrentTasks = var.max_concurrent_tasks
      customSecret       = kubernetes_secret_v1.tokens.metadata[0].name

      # A new token restarts the agent.
      podAnnotations = { token-revision = tostring(local.revision) }

      resourceClasses = {
        for class, jobs in var.resource_classes : class => {
          metadata = {
            annotations = {
              # Cluster Autoscaler and Karpenter leave a node alone while a job runs there.
              "cluster-autoscaler.kubernetes.io/safe-to-evict" = "false"
              "karpenter.sh/do-not-disrupt"                    = "true"
            }
          }
          spec = {
            # Jobs have no access to the cluster's API.
            automountServiceAccountToken = false

            containers = [{
              resources = {
                requests = { cpu = jobs.cpu, memory = jobs.memory }
                limits   = { memory = jobs.memory }
              }
            }]
          }
        }
      }
    }
  })]
}

data "circleci_runners" "agent" {
  for_each = var.resource_classes

  # Reads after the agent has changed. Without depends_on, the plan would read.
  depends_on = [helm_release.agent]

  resource_class = circleci_runner_resource_class.agent[each.key].resource_class

  # Disconnected agents stay listed for a while, and must not satisfy the wait.
  connected_within = "2m"

  # Without the block, the data source reads once.
  dynamic "wait_for" {
    for_each = var.wait && var.agents > 0 ? [1] : []

    content {
      min_runners = 1
      timeout     = "10m"
    }
  }
}

# A failed check is a warning: the plan and the apply continue.
check "agent_is_connected" {
  assert {
    condition     = var.agents == 0 || length(local.unserved) == 0
    error_message = "No agent is connected for ${join(", ", local.unserved)}."
  }
}

locals {
  unserved = [for class, agent in data.circleci_runners.agent : class if length(agent.runners) == 0]
}
