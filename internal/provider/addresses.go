package provider

// Address is the provider's address in a registry.
const Address = "registry.terraform.io/circleci-community/circleci"

const (
	repositoryURL = "https://github.com/circleci-community/terraform-provider-circleci"
	issuesURL     = repositoryURL + "/issues"
)
