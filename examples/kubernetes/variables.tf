variable "resource_classes" {
  description = "Resource classes to create, as namespace/name, with what one of their jobs gets. The namespace must exist."
  type = map(object({
    cpu    = optional(string, "1")
    memory = optional(string, "2Gi")
  }))
  default = {
    "acme/small" = {}
    "acme/large" = { cpu = "4", memory = "16Gi" }
  }
}

variable "max_concurrent_tasks" {
  description = "Maximum number of tasks that the agent runs concurrently, of all classes together."
  type        = number
  default     = 20
}

variable "agents" {
  description = "Number of agents: 1, or 0 to let running tasks end and to start no more."
  type        = number
  default     = 1

  validation {
    condition     = contains([0, 1], var.agents)
    error_message = "Must be 1, or 0 before a destroy."
  }
}

variable "tokens" {
  description = "Names of the tokens that each class has. The agent gets the last one."
  type        = list(string)
  default     = ["1"]

  validation {
    condition     = length(var.tokens) > 0 && length(distinct(var.tokens)) == length(var.tokens)
    error_message = "Must have a name, and each name once: without a token, the agent serves no class."
  }
}

variable "chart_version" {
  description = "Version of the chart container-agent, which brings its own version of the agent."
  type        = string
  default     = "101.1.7"
}

variable "kubernetes_namespace" {
  description = "The Kubernetes namespace to create, for the agent and its jobs alone."
  type        = string
  default     = "circleci"
}

variable "kubeconfig" {
  description = "Path of the file with the credential for the cluster."
  type        = string
  default     = "~/.kube/config"
}

variable "kube_context" {
  description = "The context of the file to use. The default is its current context."
  type        = string
  default     = null
}

# Every later plan reads the agents again, and so does destroy before it destroys anything. If the agent may no longer be
# connected by then, use -var wait=false.
variable "wait" {
  description = "Whether to wait until the agent is connected for each class."
  type        = bool
  default     = true
}
