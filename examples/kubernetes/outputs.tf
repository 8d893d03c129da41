output "agents" {
  description = "Names of the connected agents, by resource class."
  value       = { for class, agent in data.circleci_runners.agent : class => agent.runners[*].name }
}
