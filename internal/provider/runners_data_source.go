package provider

import (
	"context"
	"math"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newRunnersDataSource() datasource.DataSource {
	return &runnersDataSource{apiDataSource{name: "runners"}}
}

// runnersDataSource implements data "circleci_runners": the runners of a resource class or of a namespace.
type runnersDataSource struct{ apiDataSource }

type runnersModel struct {
	ResourceClass   types.String         `tfsdk:"resource_class"`
	Namespace       types.String         `tfsdk:"namespace"`
	ConnectedWithin types.String         `tfsdk:"connected_within"`
	WaitFor         *runnersWaitForModel `tfsdk:"wait_for"`
	Runners         []runnerModel        `tfsdk:"runners"`
}

type runnersWaitForModel struct {
	MinRunners types.Number `tfsdk:"min_runners"`
	waitModel
}

func (d *runnersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the self-hosted runners of a resource class or of a namespace. Disconnected runners " +
			"stay listed for a while; `last_connected` is the only way to tell. Can wait until runners are connected.",
		Attributes: map[string]schema.Attribute{
			"resource_class": optionalString("Resource class, `namespace/name`. At least one of `resource_class` and "+
				"`namespace` is required.", resourceClassValidator()),
			"namespace": optionalString("Namespace, the part of a resource class before the slash. If `resource_class` is set "+
				"too, it must be in this namespace, and only its runners are listed.", namespaceValidator()),
			"connected_within": connectedWithinAttribute("Only connected runners are listed. Null, the default, lists all."),
			"runners":          computedList(runnersDescription, runnerAttributes()),
		},
		Blocks: map[string]schema.Block{
			"wait_for": schema.SingleNestedBlock{
				MarkdownDescription: "Waits until at least `min_runners` runners are connected. Requires `connected_within`, " +
					"because disconnected runners stay listed and would satisfy the wait. " + everyPlanWaits,
				Attributes: map[string]schema.Attribute{
					"min_runners":   optionalInteger(minRunnersDescription+" Required.", 0, math.MaxInt64),
					"timeout":       timeoutAttribute,
					"poll_interval": pollIntervalAttribute,
				},
			},
		},
	}
}

func (d *runnersDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.AtLeastOneOf(path.MatchRoot("resource_class"), path.MatchRoot("namespace")),
	}
}

// ValidateConfig rejects a class outside the namespace, which no list could satisfy, and a wait without a number of
// runners or that disconnected runners would satisfy.
func (d *runnersDataSource) ValidateConfig(
	ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse,
) {
	// Not the complete model: a dynamic wait_for that depends on a variable is unknown here.
	var class, namespace, within types.String
	var waitFor types.Object
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("resource_class"), &class)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("namespace"), &namespace)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("connected_within"), &within)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("wait_for"), &waitFor)...)
	resp.Diagnostics.Append(checkInNamespace(path.Root("resource_class"), class, namespace)...)
	if !isKnown(waitFor) {
		return
	}
	switch minimum := waitFor.Attributes()["min_runners"]; {
	case minimum.IsUnknown(): // So it is in a dynamic block that may turn out not to be there.
	case minimum.IsNull():
		resp.Diagnostics.AddAttributeError(path.Root("wait_for").AtName("min_runners"), "Missing min_runners",
			"To wait for runners, set min_runners in wait_for to their number, including those that are connected already.")
	case within.IsNull():
		resp.Diagnostics.AddAttributeError(path.Root("connected_within"), "Missing connected_within",
			"To wait for runners, set connected_within too, such as connected_within = \"2m\". Disconnected runners stay "+
				"listed for a while, and would satisfy wait_for.")
	}
}

func (d *runnersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model runnersModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	filter := circleci.RunnerFilter{
		ResourceClass: model.ResourceClass.ValueString(), Namespace: model.Namespace.ValueString(),
	}
	condition := &runnersCondition{
		client: d.api.client, filter: filter, within: model.ConnectedWithin,
		checksNamespace: model.ResourceClass.IsNull() && !d.api.requirePersonalToken().HasError(),
	}
	if err := model.read(ctx, condition); err != nil {
		at := path.Root("namespace")
		if !model.ResourceClass.IsNull() {
			at = path.Root("resource_class")
		}
		d.api.addError(ctx, &resp.Diagnostics, at, "Error reading runners of "+filter.String(), err)
		return
	}
	if condition.isEmpty {
		resp.Diagnostics.AddAttributeWarning(path.Root("namespace"), "Empty namespace",
			"The API lists no runner and no resource class of "+filter.String()+". Check the name of the namespace.")
	}
	model.Runners = handToEncoder(ctx, newRunnerModels(condition.connected))
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// read reads the runners once, or with wait_for until enough are connected.
func (m *runnersModel) read(ctx context.Context, runners *runnersCondition) error {
	if m.WaitFor == nil {
		_, err := pollWithin(ctx, circleci.ReadTimeout, runners)
		return err
	}
	runners.minimum = int64OrDefault(m.WaitFor.MinRunners, 0)
	return newWait(m.WaitFor.waitModel, path.Root("wait_for")).pollUntil(ctx, runners)
}
