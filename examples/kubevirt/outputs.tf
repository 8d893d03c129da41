output "resource_classes" {
  description = "Resource classes that jobs can name."
  value       = [for class in circleci_runner_resource_class.fleet : class.resource_class]
}
