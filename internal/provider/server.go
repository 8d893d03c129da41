package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// Option changes the configuration of the client, such as how it connects, for tests.
type Option = func(*circleci.Config)

// frameworkServer is all that the framework's server implements. tf6server finds out by type assertion what a server
// implements beyond ProviderServer, so each wrapper embeds all of it.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer

	tfprotov6.StateStoreServer
}

// NewServer returns a function that makes the provider as a server of protocol 6: the framework's, in three independent
// wrappers. The arguments are those of [New].
func NewServer(version string, opts ...Option) func() tfprotov6.ProviderServer {
	framework := providerserver.NewProtocol6(New(version, opts...)())
	return func() tfprotov6.ProviderServer {
		server := framework().(frameworkServer) //nolint:forcetypeassert // The framework's server implements them all.
		return &runnerListEncoder{&nullArgumentEncoder{&actionWaiter{frameworkServer: server}}}
	}
}
