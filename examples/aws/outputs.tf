output "group" {
  description = "Name of the Auto Scaling group, for an autoscaler."
  value       = aws_autoscaling_group.runners.name
}

output "secret" {
  description = "ARN of the secret that the machines read. It does not contain the token."
  value       = aws_secretsmanager_secret.token.arn
}
