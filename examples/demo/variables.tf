variable "namespace" {
  description = "The namespace whose runners are listed."
  type        = string
  default     = "acme"
}

variable "resource_class" {
  description = "The resource class whose queue is checked, as namespace/name."
  type        = string
  default     = "acme/linux"
}

variable "max_queue" {
  description = "Maximum number of waiting tasks, beyond which a check warns."
  type        = number
  default     = 5
}
