# Three pools of machines on AWS: the configuration in the directory above, once for each resource class.

variable "pools" {
  description = "Instance type and size of each pool, by the resource class to create."
  type = map(object({
    instance_type = string
    minimum       = number
    maximum       = number
    image         = optional(string)              # Instead of var.image, for example with a driver for GPUs.
    root_device   = optional(string, "/dev/xvda") # That of Debian. Ubuntu's is /dev/sda1.
  }))
  default = {
    "acme/linux-medium" = { instance_type = "t3.large", minimum = 2, maximum = 20 }
    "acme/linux-large"  = { instance_type = "m7i.4xlarge", minimum = 0, maximum = 4 }
    "acme/gpu-large"    = { instance_type = "g6.xlarge", minimum = 0, maximum = 2 }
  }
}

variable "subnets" {
  description = "IDs of private subnets of one VPC, with a route to the internet."
  type        = list(string)
}

variable "image" {
  description = "ID of an AMI with Debian 12 or newer, or Ubuntu 22.04 or newer."
  type        = string
}

module "pool" {
  source   = "../"
  for_each = var.pools

  resource_class = each.key
  instance_type  = each.value.instance_type
  minimum        = each.value.minimum
  maximum        = each.value.maximum
  subnets        = var.subnets
  image          = coalesce(each.value.image, var.image)
  root_device    = each.value.root_device
}

output "groups" {
  description = "Name of the Auto Scaling group of each pool, by resource class."
  value       = { for class, pool in module.pool : class => pool.group }
}
