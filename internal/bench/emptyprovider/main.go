// Command emptyprovider is the smallest provider on the plugin framework that works with the configuration
// that `make bench` plans with ten runners: one data source, with the schema of circleci_runners as far as the
// configuration uses it, whose list never changes. What a plan with it takes, a plan with any provider takes.
package main

import (
	"context"
	"log"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func main() {
	err := providerserver.Serve(context.Background(), func() provider.Provider { return emptyProvider{} },
		providerserver.ServeOpts{Address: "registry.terraform.io/circleci-community/circleci"})
	if err != nil {
		log.Fatal(err)
	}
}

type emptyProvider struct{}

func (emptyProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "circleci"
}

func (emptyProvider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (emptyProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (emptyProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return runners{} }}
}

func (emptyProvider) Resources(context.Context) []func() resource.Resource { return nil }

type runners struct{}

func (runners) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runners"
}

var names = []string{"resource_class", "hostname", "name", "first_connected", "last_connected", "last_used", "version"}

func (runners) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	runner := map[string]schema.Attribute{}
	for _, name := range names {
		runner[name] = schema.StringAttribute{Computed: true}
	}
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"namespace": schema.StringAttribute{Optional: true},
		"runners":   schema.ListNestedAttribute{Computed: true, NestedObject: schema.NestedAttributeObject{Attributes: runner}},
	}}
}

func (runners) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	attributes, values := map[string]attr.Type{}, map[string]attr.Value{}
	for _, name := range names {
		attributes[name], values[name] = types.StringType, types.StringValue("2026-03-02T08:00:00Z")
	}
	list := slices.Repeat([]attr.Value{types.ObjectValueMust(attributes, values)}, 10)
	resp.State.Raw = req.Config.Raw
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("runners"), list)...)
}
