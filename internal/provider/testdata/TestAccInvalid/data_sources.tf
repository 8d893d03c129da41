# Missing Attribute Configuration: At least one of these attributes must be configured: [resource_class,namespace]
data "circleci_runners" "no_filter" {}

data "circleci_runners" "class_without_a_slash" {
  # Invalid resource class: The value of resource_class has no slash between namespace and name. A resource class is
  # namespace/name, such as "acme/linux".
  resource_class = "linux"
}

data "circleci_runners" "class_with_a_line_break" {
  # Invalid resource class
  resource_class = "acme/linux\n"
}

data "circleci_runners" "namespace_with_a_slash" {
  # Invalid namespace: The value of namespace has a slash. A namespace is the part of a resource class before the slash,
  # such as "acme".
  namespace = "acme/linux"
}

data "circleci_runners" "class_outside_the_namespace" {
  namespace = "other"
  # Resource class outside the namespace: The resource class "acme/linux" is not in the namespace "other". Specify a class that
  # starts with "other/", or another namespace.
  resource_class = "acme/linux"
}

data "circleci_runners" "class_of_a_namespace_with_the_same_prefix" {
  namespace = "acme"
  # Resource class outside the namespace: "acme/"
  resource_class = "acme-2/linux"
}

data "circleci_runners" "connected_within_without_a_unit" {
  resource_class = "acme/linux"
  # Invalid duration: connected_within is not a duration.
  connected_within = "10"
}

data "circleci_runners" "connected_within_below_a_second" {
  resource_class = "acme/linux"
  # Invalid duration: connected_within must be at least 1s.
  connected_within = "1ns"
}

data "circleci_runners" "connected_within_beyond_64_bits" {
  resource_class = "acme/linux"
  # Invalid duration: connected_within is not a duration.
  connected_within = "300000w"
}

data "circleci_runners" "connected_within_with_two_points" {
  resource_class = "acme/linux"
  # Invalid duration: connected_within is not a duration.
  connected_within = "1.5.d"
}

data "circleci_runners" "negative_connected_within" {
  resource_class = "acme/linux"
  # Invalid duration: connected_within must be greater than zero.
  connected_within = "-10m"
}

# Missing connected_within: set connected_within too, such as connected_within = "2m". Disconnected runners stay listed for a
# while
data "circleci_runners" "wait_for_without_connected_within" {
  resource_class = "acme/linux"
  wait_for {
    min_runners = 1
  }
}

data "circleci_runners" "wait_for_without_min_runners" {
  resource_class   = "acme/linux"
  connected_within = "2m"
  # Missing min_runners: set min_runners in wait_for to their number, including those that are connected already.
  wait_for {
    timeout = "1m"
  }
}

data "circleci_runners" "negative_min_runners" {
  resource_class   = "acme/linux"
  connected_within = "2m"
  wait_for {
    # Invalid number: wait_for.min_runners must be an integer of at least 0, got: -1.
    min_runners = -1
  }
}

data "circleci_runners" "fraction_of_min_runners" {
  resource_class   = "acme/linux"
  connected_within = "2m"
  wait_for {
    # Invalid number: wait_for.min_runners must be an integer of at least 0, got: 0.5.
    min_runners = 0.5
  }
}

data "circleci_runners" "min_runners_beyond_64_bits" {
  resource_class   = "acme/linux"
  connected_within = "2m"
  wait_for {
    # Invalid number: wait_for.min_runners must be an integer of at least 0, got: 1e+400.
    min_runners = 1e400
  }
}

data "circleci_runners" "poll_interval_of_zero" {
  resource_class   = "acme/linux"
  connected_within = "2m"
  wait_for {
    min_runners = 1
    # Invalid duration: wait_for.poll_interval must be greater than zero.
    poll_interval = "0s"
  }
}

data "circleci_runners" "poll_interval_below_the_minimum" {
  resource_class   = "acme/linux"
  connected_within = "2m"
  wait_for {
    min_runners = 1
    # Invalid duration: wait_for.poll_interval must be at least 1s.
    poll_interval = "999ms"
  }
}

# Missing required argument: The argument "resource_class" is required
data "circleci_runner_tasks" "without_a_class" {}

data "circleci_runner_tasks" "of_a_namespace" {
  # Invalid resource class: has no slash between namespace and name.
  resource_class = "acme"
}

data "circleci_runner_tasks" "with_a_typo" {
  resource_class = "acme/linux"
  # Unsupported argument: An argument named "resource_clas" is not expected here.
  resource_clas = "acme/linux"
}

data "circleci_runner_tasks" "without_a_limit" {
  resource_class = "acme/linux"
  # Missing limit: set max_unclaimed, max_running or both in wait_for.
  wait_for {
    timeout = "1m"
  }
}

data "circleci_runner_tasks" "with_a_typo_in_a_limit" {
  resource_class = "acme/linux"
  wait_for {
    max_unclaimed = 0
    # Unsupported argument: An argument named "max_runing" is not expected here. Did you mean "max_running"?
    max_runing = 0
  }
}

data "circleci_runners" "with_a_typo_in_the_timeout" {
  resource_class   = "acme/linux"
  connected_within = "2m"
  wait_for {
    min_runners = 1
    # Unsupported argument: An argument named "timout" is not expected here. Did you mean "timeout"?
    timout = "2s"
  }
}

data "circleci_runner_tasks" "with_an_object" {
  resource_class = "acme/linux"
  # Unsupported argument: Did you mean to define a block of type "wait_for"?
  wait_for = { max_unclaimed = 0 }
}

# Invalid number: wait_for.max_unclaimed must be an integer of at least 0, got: 0.5.
data "circleci_runner_tasks" "with_a_dynamic_block" {
  resource_class = "acme/linux"
  dynamic "wait_for" {
    for_each = [0]
    content {
      max_unclaimed = wait_for.value + 0.5
    }
  }
}

data "circleci_runner_tasks" "negative_max_unclaimed" {
  resource_class = "acme/linux"
  wait_for {
    # Invalid number: wait_for.max_unclaimed must be an integer of at least 0, got: -1.
    max_unclaimed = -1
  }
}

data "circleci_runner_tasks" "negative_max_running" {
  resource_class = "acme/linux"
  wait_for {
    # Invalid number: wait_for.max_running must be an integer of at least 0, got: -1.
    max_running = -1
  }
}

data "circleci_runner_tasks" "invalid_timeout" {
  resource_class = "acme/linux"
  wait_for {
    max_unclaimed = 1
    # Invalid duration: wait_for.timeout is not a duration.
    timeout = "soon"
  }
}

data "circleci_runner_fleet" "of_a_namespace" {
  # Invalid resource class: has no slash between namespace and name.
  resource_class = "acme"
}

# Missing required argument: The argument "namespace" is required
data "circleci_runner_fleets" "without_a_namespace" {}

data "circleci_runner_fleets" "with_an_invalid_class" {
  namespace = "acme"
  # Invalid resource class: "linux" in resource_classes has no slash between namespace and name.
  resource_classes = ["linux"]
}

data "circleci_runner_fleets" "only_with_a_class_outside_the_namespace" {
  namespace = "acme"
  # Resource class outside the namespace: "other/linux" is not in the namespace "acme".
  only_resource_classes = ["other/linux"]
}

data "circleci_runner_fleets" "only_with_an_invalid_class" {
  namespace = "acme"
  # Invalid resource class: "linux" in only_resource_classes has no slash between namespace and name.
  only_resource_classes = ["linux"]
}

data "circleci_runner_fleets" "only_with_two_names_of_a_class" {
  namespace = "acme"
  # Duplicate resource class: The elements "acme/Linux" and "acme/linux" of only_resource_classes name the same resource class.
  only_resource_classes = ["acme/linux", "acme/Linux"]
}

data "circleci_runner_fleets" "only_with_a_null_class" {
  namespace = "acme"
  # Invalid resource class: An element of only_resource_classes is null. Remove it
  only_resource_classes = [null]
}

data "circleci_runner_fleets" "only_some_and_others" {
  namespace        = "acme"
  resource_classes = ["acme/mac"]
  # Invalid Attribute Combination: Attribute "resource_classes" cannot be specified when "only_resource_classes" is specified
  only_resource_classes = ["acme/linux"]
}

data "circleci_runner_fleets" "only_some_and_all" {
  namespace            = "acme"
  all_resource_classes = true
  # Invalid Attribute Combination: Attribute "all_resource_classes" cannot be specified when "only_resource_classes" is
  # specified
  only_resource_classes = ["acme/linux"]
}

data "circleci_runner_fleets" "with_a_class_outside_the_namespace" {
  namespace = "acme"
  # Resource class outside the namespace: The resource class "other/linux" is not in the namespace "acme".
  resource_classes = ["other/linux"]
}

data "circleci_runner_fleets" "with_a_null_class" {
  namespace = "acme"
  # Invalid resource class: An element of resource_classes is null. Remove it
  resource_classes = ["acme/linux", null, terraform_data.unknown.id]
}

data "circleci_runner_fleets" "with_two_names_of_a_class" {
  namespace = "acme"
  # Duplicate resource class: The elements "acme/Linux" and "acme/linux" of resource_classes name the same resource class.
  # Specify each resource class once.
  resource_classes = ["acme/linux", "acme/Linux", "acme/mac"]
}

data "circleci_runner_fleets" "with_an_invalid_duration" {
  namespace = "acme"
  # Invalid duration: connected_within is not a duration.
  connected_within = ""
}

data "circleci_organization_runners" "organization_by_name" {
  # Invalid organization ID: The value of organization_id is not a UUID. The organization's settings in CircleCI show its UUID,
  # such as b9291e0d-a11e-41fb-8517-c545388b5953
  organization_id = "acme"
}

data "circleci_runner_resource_class" "without_a_slash" {
  # Invalid resource class: The value of resource_class has no slash between namespace and name.
  resource_class = "acme"
}

# Missing Attribute Configuration: Exactly one of these attributes must be configured: [namespace,organization_id]
data "circleci_runner_resource_classes" "of_nothing" {}

data "circleci_runner_resource_classes" "of_both" {
  # Invalid Attribute Combination: Exactly one of these attributes must be configured: [namespace,organization_id]
  namespace       = "acme"
  organization_id = "b9291e0d-a11e-41fb-8517-c545388b5953"
}

data "circleci_runner_resource_classes" "organization_by_name" {
  # Invalid organization ID: The value of organization_id is not a UUID.
  organization_id = "acme"
}

data "circleci_runner_resource_classes" "namespace_with_a_slash" {
  # Invalid namespace: The value of namespace has a slash
  namespace = "acme/"
}

data "circleci_runners" "valid_unicode" {
  resource_class = "äcme-1_2.3/línux:€"
}

data "circleci_runners" "valid_class_in_the_namespace" {
  resource_class = "Acme/linux"
  namespace      = "acme"
}

data "circleci_runners" "valid_unknown_filters" {
  resource_class = terraform_data.unknown.id
  namespace      = var.unknown
}

data "circleci_runners" "valid_unknown_wait" {
  resource_class = "acme/linux"
  dynamic "wait_for" {
    for_each = var.unknown == null ? [] : [var.unknown]
    content {
      min_runners = wait_for.value
    }
  }
}

data "circleci_runner_tasks" "valid_limit_of_64_bits" {
  resource_class = terraform_data.unknown.id
  wait_for {
    max_unclaimed = 9223372036854775807
    poll_interval = "1s"
  }
}

data "circleci_runner_tasks" "valid_unknown_limit" {
  resource_class = "acme/linux"
  wait_for {
    max_unclaimed = var.unknown
  }
}

data "circleci_runner_resource_classes" "valid_unknown_namespace" {
  namespace       = terraform_data.unknown.id
  organization_id = var.unknown
}

data "circleci_runner_fleets" "valid_unknown_class" {
  namespace        = "acme"
  resource_classes = ["acme/linux", terraform_data.unknown.id]
}

variable "unknown" {
  type    = string
  default = null
}

resource "terraform_data" "unknown" {}

terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}
