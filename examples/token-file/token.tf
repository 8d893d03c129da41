# Writes the part of the agent's configuration that has the token, one file for each pool.
resource "local_sensitive_file" "config" {
  for_each = var.pools

  filename        = "${path.module}/${each.key}/circleci-runner-config.yaml"
  file_permission = "0600"
  content         = yamlencode({ api = { auth_token = circleci_runner_token.pool[each.key].token } })
}
