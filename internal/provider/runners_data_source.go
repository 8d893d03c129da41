package provider

import (
	"context"
	"math"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func newRunnersDataSource() datasource.DataSource { return &runnersDataSource{} }

// runnersDataSource implements data "circleci_runners": the runners of a resource class or of a namespace.
type runnersDataSource struct{ apiDataSource }

var (
	_ datasource.DataSourceWithConfigValidators = (*runnersDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig   = (*runnersDataSource)(nil)
)

type runnersModel struct {
	ResourceClass   types.String         `tfsdk:"resource_class"`
	Namespace       types.String         `tfsdk:"namespace"`
	ConnectedWithin types.String         `tfsdk:"connected_within"`
	WaitFor         *runnersWaitForModel `tfsdk:"wait_for"`
	Runners         []runnerModel        `tfsdk:"runners"`
}

type runnersWaitForModel struct {
	MinRunners   types.Number `tfsdk:"min_runners"`
	Timeout      types.String `tfsdk:"timeout"`
	PollInterval types.String `tfsdk:"poll_interval"`
}

func (d *runnersDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_runners"
}

func (d *runnersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists the self-hosted runners of a resource class or of a namespace. Disconnected runners stay " +
			"listed for a while; `last_connected` is the only way to tell. It can wait until runners are connected.",
		Attributes: map[string]schema.Attribute{
			"resource_class": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{resourceClassValidator()},
				MarkdownDescription: "Resource class, `namespace/name`. At least one of `resource_class` and `namespace` is required.",
			},
			"namespace": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{namespaceValidator()},
				MarkdownDescription: "Namespace, the part of a resource class before the slash. If `resource_class` " +
					"is set too, it must be in this namespace.",
			},
			"connected_within": schema.StringAttribute{
				Optional:            true,
				Validators:          []validator.String{durationAtLeast(minConnectedWithin)},
				MarkdownDescription: connectedWithinDescription + " Only connected runners are listed. Null, the default, lists all.",
			},
			"wait_for": schema.SingleNestedAttribute{
				Optional: true,
				MarkdownDescription: "Waits until at least `min_runners` runners are connected. Requires `connected_within`, because " +
					"disconnected runners stay listed and would satisfy it. Null, the default, reads once. Every later plan waits again, and " +
					"so does a destroy, unless it has `-refresh=false`.",
				Attributes: waitAttributes(map[string]schema.Attribute{
					"min_runners": schema.NumberAttribute{
						Required:            true,
						Validators:          []validator.Number{integerBetween{0, math.MaxInt64}},
						MarkdownDescription: "Minimum number of connected runners.",
					},
				}),
			},
			"runners": schema.ListNestedAttribute{
				Computed: true,
				MarkdownDescription: "The runners, sorted by resource class, name and hostname. Empty if there are none, " +
					"never null.",
				NestedObject: schema.NestedAttributeObject{Attributes: runnerAttributes()},
			},
		},
	}
}

func (d *runnersDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.AtLeastOneOf(path.MatchRoot("resource_class"), path.MatchRoot("namespace")),
	}
}

// ValidateConfig rejects a class outside the namespace, which no list could satisfy, and a wait that disconnected runners would
// satisfy.
func (d *runnersDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	// Not the complete model: a wait_for that depends on a variable is unknown here.
	var class, namespace, within types.String
	var waitFor types.Object
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("resource_class"), &class)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("namespace"), &namespace)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("connected_within"), &within)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("wait_for"), &waitFor)...)
	resp.Diagnostics.Append(checkInNamespace(path.Root("resource_class"), class, namespace)...)
	if isKnown(waitFor) && within.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("wait_for"), "Missing connected_within",
			"To wait for runners, set connected_within too, such as connected_within = \"2m\": disconnected runners stay listed for a "+
				"while and would satisfy wait_for.")
	}
}

func (d *runnersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx = withThrottleLog(ctx)
	var model runnersModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	filter := circleci.RunnerFilter{ResourceClass: model.ResourceClass.ValueString(), Namespace: model.Namespace.ValueString()}
	runners, err := d.list(ctx, filter, model)
	if err != nil {
		at := path.Root("namespace")
		if !model.ResourceClass.IsNull() {
			at = path.Root("resource_class")
		}
		d.api.addError(ctx, &resp.Diagnostics, at, "Error reading runners of "+filter.String(), err)
		return
	}
	model.Runners = []runnerModel{}
	if !sendToEncoder(ctx, runners, runnerFields) {
		model.Runners = newRunnerModels(runners)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

// list reads the runners that count as connected, once, or with wait_for until there are enough.
func (d *runnersDataSource) list(ctx context.Context, filter circleci.RunnerFilter, model runnersModel) ([]circleci.Runner, error) {
	condition := &runnersCondition{client: d.api.client, filter: filter, within: model.ConnectedWithin}
	if model.WaitFor == nil {
		_, err := condition.read(ctx)
		return condition.connected, err
	}
	condition.minimum = int64OrDefault(model.WaitFor.MinRunners, 0)
	err := newWait(model.WaitFor.Timeout, model.WaitFor.PollInterval, path.Root("wait_for")).pollUntil(ctx, condition)
	return condition.connected, err
}
