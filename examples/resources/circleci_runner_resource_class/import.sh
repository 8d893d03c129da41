# By name. namespace/name,uuid imports the class only if it has this UUID.
terraform import circleci_runner_resource_class.linux acme/linux-large
