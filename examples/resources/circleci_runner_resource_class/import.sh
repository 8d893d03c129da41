# By name: namespace/name. With the UUID, namespace/name,uuid, another class of this name is not imported.
terraform import circleci_runner_resource_class.linux acme/linux-large
