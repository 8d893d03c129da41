// Package providertest calls the provider over its protocol, without the CLI, for tests that need many reads, exact
// values or virtual time.
package providertest

import (
	"context"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// Server is a provider's protocol server. It is safe for concurrent use after Configure.
type Server struct {
	// DeferralAllowed is what Configure declares that its client can do.
	DeferralAllowed bool
	// ListLimit is how many results List asks for. Zero is for all.
	ListLimit int64

	provider tfprotov6.ProviderServer
	schema   *tfprotov6.GetProviderSchemaResponse
}

// Attributes are the attributes of a configuration or of a state. Missing ones are null.
type Attributes map[string]tftypes.Value

// String returns a known string.
func String(value string) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }

// Number returns a known number.
func Number(value int64) tftypes.Value { return tftypes.NewValue(tftypes.Number, value) }

// Bool returns a known bool.
func Bool(value bool) tftypes.Value { return tftypes.NewValue(tftypes.Bool, value) }

// New returns a Server that calls the given one.
func New(ctx context.Context, server tfprotov6.ProviderServer) (*Server, error) {
	s := &Server{provider: server}
	var err error
	s.schema, err = s.provider.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	return s, err
}

// Connect is New for a provider that is configured for an API, with these attributes in addition to a URL and a token.
// A diagnostic is an error.
func Connect(ctx context.Context, server tfprotov6.ProviderServer, apiURL string, attributes Attributes) (*Server, error) {
	s, err := New(ctx, server)
	if err != nil {
		return nil, err
	}
	all := Attributes{"api_url": String(apiURL), "token": String(circlecitest.PersonalToken)}
	maps.Copy(all, attributes)
	diagnostics, err := s.Configure(ctx, all)
	if err == nil && len(diagnostics) > 0 {
		err = fmt.Errorf("the provider is not configured: %s: %s", diagnostics[0].Summary, diagnostics[0].Detail)
	}
	return s, err
}

// Configure configures the provider and returns its diagnostics.
func (s *Server) Configure(ctx context.Context, attributes Attributes) ([]*tfprotov6.Diagnostic, error) {
	config, err := encode("provider", s.schema.Provider, attributes)
	if err != nil {
		return nil, err
	}
	response, err := s.provider.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{
		Config: config, ClientCapabilities: &tfprotov6.ConfigureProviderClientCapabilities{DeferralAllowed: s.DeferralAllowed},
	})
	if err != nil {
		return nil, err
	}
	return response.Diagnostics, nil
}

// Read reads a data source and returns its state and the diagnostics. The state is nil if the provider returns none.
func (s *Server) Read(ctx context.Context, dataSource string, attributes Attributes) (Attributes, []*tfprotov6.Diagnostic, error) {
	response, err := s.ReadEncoded(ctx, dataSource, attributes)
	if err != nil {
		return nil, nil, err
	}
	state, err := decode(s.schema.DataSourceSchemas[dataSource], response.State)
	return state, response.Diagnostics, err
}

// ReadResource refreshes a resource and returns its state, nil if it no longer exists, and the diagnostics.
func (s *Server) ReadResource(ctx context.Context, resource string, attributes Attributes) (Attributes, []*tfprotov6.Diagnostic, error) {
	schema := s.schema.ResourceSchemas[resource]
	current, err := encode(resource, schema, attributes)
	if err != nil {
		return nil, nil, err
	}
	response, err := s.provider.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: resource, CurrentState: current})
	if err != nil {
		return nil, nil, err
	}
	state, err := decode(schema, response.NewState)
	return state, response.Diagnostics, err
}

// ReadEncoded is Read without decoding the state, which can take longer than the read.
func (s *Server) ReadEncoded(ctx context.Context, dataSource string, attributes Attributes) (*tfprotov6.ReadDataSourceResponse, error) {
	config, err := encode(dataSource, s.schema.DataSourceSchemas[dataSource], attributes)
	if err != nil {
		return nil, err
	}
	return s.provider.ReadDataSource(ctx, &tfprotov6.ReadDataSourceRequest{TypeName: dataSource, Config: config})
}

// PlanCreate plans to create a resource.
func (s *Server) PlanCreate(ctx context.Context, resource string, config Attributes) (*tfprotov6.PlanResourceChangeResponse, error) {
	_, response, err := s.PlanUpdate(ctx, resource, nil, config)
	return response, err
}

// PlanUpdate plans to change a resource from a state to a configuration, and returns its planned state, too. As from
// the CLI, computed attributes that the configuration does not set are proposed as they are in state.
func (s *Server) PlanUpdate(
	ctx context.Context, resource string, state, config Attributes,
) (planned Attributes, response *tfprotov6.PlanResourceChangeResponse, err error) {
	schema := s.schema.ResourceSchemas[resource]
	proposed := maps.Clone(config)
	if schema != nil {
		for _, attribute := range schema.Block.Attributes {
			value, isInState := state[attribute.Name]
			if _, isSet := config[attribute.Name]; !isSet && isInState && attribute.Computed {
				proposed[attribute.Name] = value
			}
		}
	}
	var values [3]*tfprotov6.DynamicValue
	for i, attributes := range []Attributes{state, proposed, config} {
		if values[i], err = encode(resource, schema, attributes); err != nil {
			return nil, nil, err
		}
	}
	response, err = s.provider.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: resource, PriorState: values[0], ProposedNewState: values[1], Config: values[2],
	})
	if err != nil {
		return nil, nil, err
	}
	planned, err = decode(schema, response.PlannedState)
	return planned, response, err
}

// Apply creates a resource whose prior attributes are nil, deletes one whose planned attributes are nil, or else
// updates it, and returns its new state and the diagnostics.
func (s *Server) Apply(
	ctx context.Context, resource string, prior, planned Attributes,
) (state Attributes, diagnostics []*tfprotov6.Diagnostic, err error) {
	schema := s.schema.ResourceSchemas[resource]
	var values [2]*tfprotov6.DynamicValue
	for i, attributes := range []Attributes{prior, planned} {
		if values[i], err = encode(resource, schema, attributes); err != nil {
			return nil, nil, err
		}
	}
	response, err := s.provider.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: resource, PriorState: values[0], PlannedState: values[1], Config: values[1],
	})
	if err != nil {
		return nil, nil, err
	}
	state, err = decode(schema, response.NewState)
	return state, response.Diagnostics, err
}

// Import imports a resource by an ID or, without one, by an identity of strings, and reads it, as the CLI does. It returns the
// state, nil if nothing of it exists, and the diagnostics.
func (s *Server) Import(
	ctx context.Context, resource, id string, identity Attributes,
) (state Attributes, diagnostics []*tfprotov6.Diagnostic, err error) {
	request := &tfprotov6.ImportResourceStateRequest{TypeName: resource, ID: id}
	if identity != nil {
		kind := tftypes.Object{AttributeTypes: map[string]tftypes.Type{}}
		for name := range identity {
			kind.AttributeTypes[name] = tftypes.String
		}
		value, err := tfprotov6.NewDynamicValue(kind, newObject(kind, identity))
		if err != nil {
			return nil, nil, err
		}
		request.Identity = &tfprotov6.ResourceIdentityData{IdentityData: &value}
	}
	imported, err := s.provider.ImportResourceState(ctx, request)
	if err != nil {
		return nil, nil, err
	}
	if len(imported.Diagnostics) > 0 {
		return nil, imported.Diagnostics, nil
	}
	first := imported.ImportedResources[0]
	read, err := s.provider.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: resource, CurrentState: first.State, CurrentIdentity: first.Identity, Private: first.Private,
	})
	if err != nil {
		return nil, nil, err
	}
	state, err = decode(s.schema.ResourceSchemas[resource], read.NewState)
	return state, read.Diagnostics, err
}

// List lists resources and returns the diagnostics.
func (s *Server) List(ctx context.Context, resource string, attributes Attributes) (diagnostics []*tfprotov6.Diagnostic, err error) {
	config, err := encode(resource, s.schema.ListResourceSchemas[resource], attributes)
	if err != nil {
		return nil, err
	}
	request := &tfprotov6.ListResourceRequest{TypeName: resource, Config: config, Limit: s.ListLimit}
	//nolint:forcetypeassert // provider.NewServer returns a server that has list resources.
	stream, err := s.provider.(tfprotov6.ListResourceServer).ListResource(ctx, request)
	if err != nil {
		return nil, err
	}
	for result := range stream.Results {
		diagnostics = append(diagnostics, result.Diagnostics...)
	}
	return diagnostics, nil
}

// Object returns a nested attribute of a data source, such as wait_for, with these attributes.
func (s *Server) Object(dataSource, attribute string, attributes Attributes) tftypes.Value {
	block := s.schema.DataSourceSchemas[dataSource].ValueType().(tftypes.Object) //nolint:forcetypeassert // A schema is an object.
	return newObject(block.AttributeTypes[attribute], attributes)
}

// encode encodes a configuration or a state. The schema is nil if the provider has none of the name.
func encode(name string, schema *tfprotov6.Schema, attributes Attributes) (*tfprotov6.DynamicValue, error) {
	if schema == nil {
		return nil, fmt.Errorf("the provider has no %s", name)
	}
	kind := schema.ValueType()
	value, err := tfprotov6.NewDynamicValue(kind, newObject(kind, attributes))
	return &value, err
}

// decode decodes a state, nil if it is null or if there is none.
func decode(schema *tfprotov6.Schema, encoded *tfprotov6.DynamicValue) (state Attributes, err error) {
	if encoded == nil {
		return nil, nil
	}
	value, err := encoded.Unmarshal(schema.ValueType())
	if err == nil && !value.IsNull() {
		err = value.As((*map[string]tftypes.Value)(&state))
	}
	return state, err
}

// newObject returns an object with null for each missing attribute, or null for no attributes.
func newObject(kind tftypes.Type, attributes Attributes) tftypes.Value {
	if attributes == nil {
		return tftypes.NewValue(kind, nil)
	}
	all := map[string]tftypes.Value{}
	for name, attribute := range kind.(tftypes.Object).AttributeTypes { //nolint:forcetypeassert // The caller knows.
		all[name] = tftypes.NewValue(attribute, nil)
	}
	maps.Copy(all, attributes)
	return tftypes.NewValue(kind, all)
}

// Plan plans an action and returns the diagnostics.
func (s *Server) Plan(ctx context.Context, action string, attributes Attributes) ([]*tfprotov6.Diagnostic, error) {
	config, err := s.actionConfig(action, attributes)
	if err != nil {
		return nil, err
	}
	//nolint:forcetypeassert // provider.NewServer returns a server that has actions.
	response, err := s.provider.(tfprotov6.ActionServer).PlanAction(ctx, &tfprotov6.PlanActionRequest{ActionType: action, Config: config})
	if err != nil {
		return nil, err
	}
	return response.Diagnostics, nil
}

// Invoke invokes an action and returns its progress and the diagnostics.
func (s *Server) Invoke(ctx context.Context, action string, attributes Attributes) (progress []string, diagnostics []*tfprotov6.Diagnostic, err error) {
	config, err := s.actionConfig(action, attributes)
	if err != nil {
		return nil, nil, err
	}
	//nolint:forcetypeassert // provider.NewServer returns a server that has actions.
	stream, err := s.provider.(tfprotov6.ActionServer).InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: action, Config: config})
	if err != nil {
		return nil, nil, err
	}
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress = append(progress, event.Message)
		case tfprotov6.CompletedInvokeActionEventType:
			diagnostics = event.Diagnostics
		}
	}
	return progress, diagnostics, nil
}

func (s *Server) actionConfig(action string, attributes Attributes) (*tfprotov6.DynamicValue, error) {
	schema, found := s.schema.ActionSchemas[action]
	if !found {
		return nil, fmt.Errorf("the provider has no action %s", action)
	}
	return encode(action, schema.Schema, attributes)
}
