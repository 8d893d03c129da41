# Runners on AWS: a resource class, its token in Secrets Manager, and an Auto Scaling group of machines that read it.

terraform {
  required_version = ">= 1.11.0" # For write-only arguments. wait.tf needs Terraform 1.14.

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
    circleci = {
      source  = "circleci-community/circleci"
      version = "~> 0.1"
    }
  }
}

# The providers are configured by the environment: CIRCLE_TOKEN, AWS_REGION, and credentials such as AWS_PROFILE. Without
# blocks for them, this directory is also a module, which pools/main.tf calls for each pool.

locals {
  name = "circleci-${replace(var.resource_class, "/", "-")}"
}

resource "circleci_runner_resource_class" "runners" {
  resource_class = var.resource_class
  description    = "Managed by Terraform"
}

resource "circleci_runner_token" "runners" {
  resource_class = circleci_runner_resource_class.runners.resource_class
  nickname       = local.name

  lifecycle {
    create_before_destroy = true # The machines of the old token work until those of the new one can start.
    replace_triggered_by  = [circleci_runner_resource_class.runners.id]
  }
}

resource "aws_secretsmanager_secret" "token" {
  name                    = local.name
  description             = "Runner token of ${var.resource_class}"
  recovery_window_in_days = 0 # The token is deleted with it, so there is nothing to recover.
}

# Write-only: the secret is not in the state or the plan a second time.
resource "aws_secretsmanager_secret_version" "token" {
  secret_id                = aws_secretsmanager_secret.token.id
  secret_string_wo         = circleci_runner_token.runners.token
  secret_string_wo_version = 1

  lifecycle {
    replace_triggered_by = [circleci_runner_token.runners.id]
  }
}

resource "aws_iam_role" "machine" {
  name = local.name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "machine" {
  name = local.name
  role = aws_iam_role.machine.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = aws_secretsmanager_secret.token.arn
      },
      {
        Effect = "Allow"
        Action = [
          "autoscaling:CompleteLifecycleAction",
          "autoscaling:RecordLifecycleActionHeartbeat",
          "autoscaling:TerminateInstanceInAutoScalingGroup",
        ]
        # By its name: the group refers to this policy, which must outlive its machines.
        Resource = "arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/${local.name}"
      },
    ]
  })
}

resource "aws_iam_instance_profile" "machine" {
  name = local.name
  role = aws_iam_role.machine.name
}

resource "aws_launch_template" "machine" {
  name          = local.name
  image_id      = var.image
  instance_type = var.instance_type

  # It names the secret, and does not contain it. Another token changes the template, and so replaces the machines.
  user_data = base64encode(join("\n", [
    "#!/bin/bash",
    "# Token ${circleci_runner_token.runners.id}",
    "SECRET_ARN='${aws_secretsmanager_secret.token.arn}'",
    "GROUP='${local.name}'",
    "MODE='${var.mode}'",
    "IDLE_TIMEOUT='${var.idle_timeout}'",
    "AGENT_VERSION='${var.agent_version}'",
    file("${path.module}/machine.sh"),
  ]))

  iam_instance_profile {
    arn = aws_iam_instance_profile.machine.arn
  }

  # Only IMDSv2, and not from containers with a network of their own.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  network_interfaces {
    associate_public_ip_address = "false"
    security_groups             = var.security_groups
  }

  block_device_mappings {
    device_name = var.root_device

    ebs {
      encrypted             = "true"
      delete_on_termination = "true"
      volume_type           = "gp3"
      volume_size           = var.disk_size
    }
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = local.name }
  }
}

# Read only if Terraform sets the number of machines.
data "circleci_runner_tasks" "runners" {
  count = var.autoscaled ? 0 : 1

  # The class must exist before its tasks can be read.
  depends_on = [circleci_runner_resource_class.runners]

  resource_class = var.resource_class
}

locals {
  # One machine for each unclaimed and each running task. Null is left to the autoscaler.
  machines = var.autoscaled ? null : provider::circleci::desired_capacity(
    data.circleci_runner_tasks.runners[0].unclaimed_task_count,
    data.circleci_runner_tasks.runners[0].running_task_count,
    var.minimum, var.maximum,
  )
}

resource "aws_autoscaling_group" "runners" {
  # Machines read the secret when they start, and use the role until they end.
  depends_on = [aws_secretsmanager_secret_version.token, aws_iam_role_policy.machine]

  name                      = local.name
  min_size                  = var.minimum
  max_size                  = var.maximum
  desired_capacity          = local.machines
  vpc_zone_identifier       = var.subnets
  wait_for_capacity_timeout = "0" # A machine is ready when its runner is connected, which wait.tf waits for.

  launch_template {
    id      = aws_launch_template.machine.id
    version = aws_launch_template.machine.latest_version
  }

  # Keeps a machine that is to be terminated until its job has ended. The machine repeats the heartbeat, for up to 100
  # times the timeout. A hook that is a resource of its own would be destroyed before the machines.
  initial_lifecycle_hook {
    name                 = "drain"
    lifecycle_transition = "autoscaling:EC2_INSTANCE_TERMINATING"
    heartbeat_timeout    = 300
    default_result       = "CONTINUE"
  }

  # Another version of the template replaces the machines, new ones first.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
      max_healthy_percentage = 200
    }
  }

  # Running jobs end before the group does. The agent's own limit for a job is five hours.
  timeouts {
    delete = "6h"
  }
}
