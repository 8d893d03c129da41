variable "resource_class" {
  description = "The resource class to create, as namespace/name. The namespace must exist."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", var.resource_class)) && length(var.resource_class) <= 55
    error_message = "Must be namespace/name, of up to 55 characters."
  }
}

variable "subnets" {
  description = "IDs of private subnets of one VPC. They need a route to the internet, such as a NAT gateway: machines have no public address."
  type        = list(string)
}

variable "security_groups" {
  description = "IDs of security groups. They need to allow outbound HTTPS and HTTP, and nothing inbound. The default is the VPC's own group."
  type        = list(string)
  default     = []
}

variable "image" {
  description = "ID of an AMI with Debian 12 or newer, or Ubuntu 22.04 or newer."
  type        = string
}

variable "root_device" {
  description = "Root device of the image: /dev/xvda with Debian, /dev/sda1 with Ubuntu. With another name, the root disk is not encrypted."
  type        = string
  default     = "/dev/xvda"
}

variable "instance_type" {
  description = "Instance type of the machines."
  type        = string
  default     = "t3.large"
}

variable "disk_size" {
  description = "Size of the disk in GiB."
  type        = number
  default     = 50
}

variable "minimum" {
  description = "Minimum number of machines."
  type        = number
  default     = 1
}

variable "maximum" {
  description = "Maximum number of machines."
  type        = number
  default     = 10

  validation {
    condition     = var.maximum >= var.minimum
    error_message = "Must be at least the minimum."
  }
}

variable "autoscaled" {
  description = "Whether something other than Terraform sets the number of machines between the minimum and the maximum."
  type        = bool
  default     = false
}

variable "mode" {
  description = "With single-task, a machine runs one job. With continuous, it runs jobs until it was idle for idle_timeout."
  type        = string
  default     = "single-task"

  validation {
    condition     = contains(["single-task", "continuous"], var.mode)
    error_message = "Must be single-task or continuous."
  }
}

variable "idle_timeout" {
  description = "With continuous, how long a machine stays idle before it is replaced, such as 30m."
  type        = string
  default     = "1h"

  validation {
    condition     = can(regex("^[0-9]+[smh]$", var.idle_timeout))
    error_message = "Must be a number and s, m or h, such as 30m."
  }
}

variable "agent_version" {
  description = "Version of the package circleci-runner. The default is the newest when a machine starts."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9.+:~-]*$", var.agent_version))
    error_message = "Must be the version of a Debian package."
  }
}
