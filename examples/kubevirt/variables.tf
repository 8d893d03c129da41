variable "resource_classes" {
  description = "Minimum and maximum number of machines of each class, by namespace/name. The namespace must exist."
  type = map(object({
    min = number
    max = number
  }))
  default = {
    "acme/vm-small" = { min = 1, max = 8 }
    "acme/vm-large" = { min = 0, max = 2 }
  }

  validation {
    condition = alltrue([
      for bounds in values(var.resource_classes) : bounds.max >= 1 && bounds.min >= 0 && bounds.min <= bounds.max &&
      floor(bounds.min) == bounds.min && floor(bounds.max) == bounds.max
    ])
    error_message = "Must be whole numbers: min 0 or more, max 1 or more, and min up to max."
  }
}

variable "tokens" {
  description = "Names of the tokens that each class has. The orchestrator gets the last one."
  type        = list(string)
  default     = ["1"]

  validation {
    condition     = length(var.tokens) > 0 && length(distinct(var.tokens)) == length(var.tokens)
    error_message = "Must be one or more different names."
  }
}

variable "kubeconfig" {
  description = "Path of the kubeconfig file of the cluster."
  type        = string
  default     = "~/.kube/config"
}

variable "kube_context" {
  description = "Context of the kubeconfig file. Null is its current one."
  type        = string
  default     = null
}

variable "kubernetes_namespace" {
  description = "Namespace of the cluster for the orchestrator. It is created if it does not exist."
  type        = string
  default     = "circleci"
}

variable "chart_version" {
  description = "Version of the chart machine-runner-orchestrator."
  type        = string
  default     = "1.0.0"
}

variable "chart_values" {
  description = "More values of the chart, as YAML documents, without secrets: they are in the plan and in the state."
  type        = list(string)
  default     = []
}

# Every later plan reads the runners again, and so does destroy before it destroys anything. If the machines may no
# longer exist by then, use -var wait=false.
variable "wait" {
  description = "Whether to wait until the minimum of each class is connected."
  type        = bool
  default     = true
}
