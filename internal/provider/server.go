package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// NewServer returns a function that makes the provider as a server of protocol 6: the framework's, with two wrappers
// around it, each of which can be left out by itself. The arguments are those of [New].
func NewServer(version string, adjust ...func(*circleci.Config)) func() tfprotov6.ProviderServer {
	framework := providerserver.NewProtocol6(New(version, adjust...)())
	return func() tfprotov6.ProviderServer { return &runnerListEncoder{&nullArgumentEncoder{framework()}} }
}
