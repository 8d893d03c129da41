package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/vmihailenco/msgpack/v5"
)

// fakeCloud remembers what its providers were told to change, and stands in for what they would create.
type fakeCloud struct {
	// onChange is called after each change.
	onChange func(fakeChange)

	mu      sync.Mutex
	changes []fakeChange
	taken   int
}

// fakeChange is a change of a resource.
type fakeChange struct {
	// Action is create, update or delete.
	Action string
	// Resource is the type of the resource, such as helm_release.
	Resource string
	// Config has the arguments, write-only ones too. It is nil when the resource is deleted.
	Config map[string]any
}

// serveFakes serves fakes of these providers, such as hashicorp/helm, to every CLI that the test starts.
func serveFakes(t *testing.T, names ...string) *fakeCloud {
	t.Helper()
	host, _, _ := strings.Cut(requireCLI(t).ProviderAddress(), "/")
	cloud := &fakeCloud{onChange: func(fakeChange) {}}
	reattach := map[string]any{}
	for _, name := range names {
		address, fake := host+"/"+name, fakeProvider{schemas: readSchemas(t, name), cloud: cloud}
		config := serveFake(t, address, fake)
		reattach[address] = map[string]any{
			"Protocol": config.Protocol, "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid, "Test": config.Test,
			"Addr": map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
		}
	}
	variable, err := json.Marshal(reattach)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TF_REATTACH_PROVIDERS", string(variable))
	return cloud
}

func serveFake(t *testing.T, address string, fake tfprotov6.ProviderServer) *plugin.ReattachConfig {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	configs, stopped, failed := make(chan *plugin.ReattachConfig), make(chan struct{}), make(chan error, 1)
	go func() {
		failed <- tf6server.Serve(address, func() tfprotov6.ProviderServer { return fake },
			tf6server.WithDebug(ctx, configs, stopped), tf6server.WithGoPluginLogger(hclog.NewNullLogger()),
			tf6server.WithLoggingSink(t), tf6server.WithoutLogStderrOverride())
	}()
	select {
	case config := <-configs:
		t.Cleanup(func() {
			stop()
			<-stopped
		})
		return config
	case err := <-failed:
		stop()
		t.Fatalf("the fake of %s is not served: %v", address, err)
		return nil
	}
}

// latest returns the arguments of the last resource of a type that was created or updated.
func (c *fakeCloud) latest(resource string) map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.changes) - 1; i >= 0; i-- {
		if change := c.changes[i]; change.Resource == resource && change.Config != nil {
			return change.Config
		}
	}
	return nil
}

// take returns the changes since the last call, such as "create helm_release".
func (c *fakeCloud) take() (changes []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, change := range c.changes[c.taken:] {
		changes = append(changes, change.Action+" "+change.Resource)
	}
	c.taken = len(c.changes)
	return changes
}

// record returns the number of the change, which the values that a provider computes have.
func (c *fakeCloud) record(change fakeChange) int {
	c.mu.Lock()
	c.changes = append(c.changes, change)
	number := len(c.changes)
	c.mu.Unlock()
	c.onChange(change)
	return number
}

// fakeProvider accepts whatever fits its schemas. It computes every attribute that it should compute, and replaces
// nothing.
type fakeProvider struct {
	tfprotov6.ProviderServer // Nil: the CLI calls no other method.

	schemas *tfprotov6.GetProviderSchemaResponse
	cloud   *fakeCloud
}

func (f fakeProvider) GetProviderSchema(
	context.Context, *tfprotov6.GetProviderSchemaRequest,
) (*tfprotov6.GetProviderSchemaResponse, error) {
	return f.schemas, nil
}

func (fakeProvider) GetResourceIdentitySchemas(
	context.Context, *tfprotov6.GetResourceIdentitySchemasRequest,
) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

func (fakeProvider) ValidateProviderConfig(
	_ context.Context, req *tfprotov6.ValidateProviderConfigRequest,
) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: req.Config}, nil
}

func (fakeProvider) ConfigureProvider(
	context.Context, *tfprotov6.ConfigureProviderRequest,
) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

func (fakeProvider) StopProvider(
	context.Context, *tfprotov6.StopProviderRequest,
) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func (fakeProvider) ValidateResourceConfig(
	context.Context, *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (fakeProvider) ValidateDataResourceConfig(
	context.Context, *tfprotov6.ValidateDataResourceConfigRequest,
) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

func (f fakeProvider) UpgradeResourceState(
	_ context.Context, req *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	kind := f.schemas.ResourceSchemas[req.TypeName].ValueType()
	state, err := req.RawState.Unmarshal(kind)
	if err != nil {
		return nil, err
	}
	upgraded, err := tfprotov6.NewDynamicValue(kind, state)
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &upgraded}, err
}

func (fakeProvider) ReadResource(
	_ context.Context, req *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	return &tfprotov6.ReadResourceResponse{NewState: req.CurrentState, Private: req.Private}, nil
}

// ReadDataSource computes the same in every plan.
func (f fakeProvider) ReadDataSource(
	_ context.Context, req *tfprotov6.ReadDataSourceRequest,
) (*tfprotov6.ReadDataSourceResponse, error) {
	schema := f.schemas.DataSourceSchemas[req.TypeName]
	state, err := edit(schema, req.Config, func(config tftypes.Value) (tftypes.Value, error) {
		return compute(planBlock(schema.Block, config, nil), 0)
	})
	return &tfprotov6.ReadDataSourceResponse{State: state}, err
}

// changing are the attributes that every update computes again, as the real providers do.
var changing = map[string][]string{"aws_launch_template": {"latest_version"}}

func (f fakeProvider) PlanResourceChange(
	_ context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	schema := f.schemas.ResourceSchemas[req.TypeName]
	prior, err := req.PriorState.Unmarshal(schema.ValueType())
	if err != nil {
		return nil, err
	}
	planned, err := edit(schema, req.ProposedNewState, func(proposed tftypes.Value) (tftypes.Value, error) {
		planned := planBlock(schema.Block, proposed, nil)
		if !planned.IsNull() && !prior.IsNull() && !planned.Equal(prior) {
			planned = planBlock(schema.Block, proposed, changing[req.TypeName])
		}
		return planned, nil
	})
	return &tfprotov6.PlanResourceChangeResponse{PlannedState: planned}, err
}

func (f fakeProvider) ApplyResourceChange(
	_ context.Context, req *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	schema := f.schemas.ResourceSchemas[req.TypeName]
	change := fakeChange{Action: "update", Resource: req.TypeName}
	prior, err := req.PriorState.Unmarshal(schema.ValueType())
	if err != nil {
		return nil, err
	}
	if err := msgpack.Unmarshal(req.Config.MsgPack, &change.Config); err != nil {
		return nil, fmt.Errorf("the arguments of %s: %w", req.TypeName, err)
	}
	if prior.IsNull() {
		change.Action = "create"
	} else if change.Config == nil {
		change.Action = "delete"
	}
	number := f.cloud.record(change)
	state, err := edit(schema, req.PlannedState, func(planned tftypes.Value) (tftypes.Value, error) {
		return compute(planned, number)
	})
	return &tfprotov6.ApplyResourceChangeResponse{NewState: state}, err
}

// edit changes an encoded object.
func edit(
	schema *tfprotov6.Schema, encoded *tfprotov6.DynamicValue, change func(tftypes.Value) (tftypes.Value, error),
) (*tfprotov6.DynamicValue, error) {
	value, err := encoded.Unmarshal(schema.ValueType())
	if err != nil {
		return nil, err
	}
	if value, err = change(value); err != nil {
		return nil, err
	}
	edited, err := tfprotov6.NewDynamicValue(schema.ValueType(), value)
	return &edited, err
}

// planBlock returns an object with unknown values for what the provider will compute, and without the write-only
// values, which a plan must not have.
func planBlock(block *tfprotov6.SchemaBlock, object tftypes.Value, again []string) tftypes.Value {
	var values map[string]tftypes.Value
	if object.IsNull() || !object.IsKnown() || object.As(&values) != nil {
		return object
	}
	for _, attribute := range block.Attributes {
		value := values[attribute.Name]
		isAgain := slices.Contains(again, attribute.Name)
		switch {
		case attribute.WriteOnly:
			values[attribute.Name] = tftypes.NewValue(value.Type(), nil)
		case attribute.Computed && (value.IsNull() || isAgain):
			values[attribute.Name] = tftypes.NewValue(value.Type(), tftypes.UnknownValue)
		}
	}
	for _, nested := range block.BlockTypes {
		value := values[nested.TypeName]
		var items []tftypes.Value
		if value.IsNull() || !value.IsKnown() || value.As(&items) != nil { // A single block is no list.
			values[nested.TypeName] = planBlock(nested.Block, value, nil)
			continue
		}
		for i := range items {
			items[i] = planBlock(nested.Block, items[i], nil)
		}
		values[nested.TypeName] = tftypes.NewValue(value.Type(), items)
	}
	return tftypes.NewValue(object.Type(), values)
}

// compute returns an object with values for those that are unknown, which have the number of the change.
func compute(object tftypes.Value, number int) (tftypes.Value, error) {
	return tftypes.Transform(object, func(path *tftypes.AttributePath, value tftypes.Value) (tftypes.Value, error) {
		if value.IsKnown() {
			return value, nil
		}
		return computed(value.Type(), fmt.Sprintf("fake-%v-%d", path.LastStep(), number), number), nil
	})
}

// computed returns a value that is not null, which the next plan would compute again.
func computed(kind tftypes.Type, text string, number int) tftypes.Value {
	switch kind := kind.(type) {
	case tftypes.List, tftypes.Set:
		return tftypes.NewValue(kind, []tftypes.Value{})
	case tftypes.Map:
		return tftypes.NewValue(kind, map[string]tftypes.Value{})
	case tftypes.Object:
		values := map[string]tftypes.Value{}
		for name, attribute := range kind.AttributeTypes {
			values[name] = computed(attribute, text, number)
		}
		return tftypes.NewValue(kind, values)
	}
	switch {
	case kind.Is(tftypes.Number):
		return tftypes.NewValue(kind, number)
	case kind.Is(tftypes.Bool):
		return tftypes.NewValue(kind, false)
	default:
		return tftypes.NewValue(kind, text)
	}
}
