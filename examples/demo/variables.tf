variable "namespace" {
  description = "The namespace whose runners are listed."
  type        = string
  default     = "acme"
}

variable "resource_class" {
  description = "The resource class whose queue is watched, as namespace/name."
  type        = string
  default     = "acme/linux"
}

variable "max_queue" {
  description = "How many tasks may wait before that is worth a warning."
  type        = number
  default     = 10
}
