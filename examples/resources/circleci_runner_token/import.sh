# namespace/name/uuid. The data source circleci_runner_tokens lists the UUIDs of a class.
terraform import circleci_runner_token.linux acme/linux-large/9e12ad09-527d-482c-b7ce-1a2fd20d1b9b
