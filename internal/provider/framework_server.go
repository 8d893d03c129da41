package provider

import (
	"context"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// frameworkServer is all that the framework's server implements. tf6server finds out by type assertion what a server
// implements beyond ProviderServer, so each wrapper embeds all of it.
type frameworkServer interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer

	tfprotov6.StateStoreServer
}

func hasErrors(diagnostics []*tfprotov6.Diagnostic) bool {
	return slices.ContainsFunc(diagnostics, func(d *tfprotov6.Diagnostic) bool {
		return d.Severity == tfprotov6.DiagnosticSeverityError
	})
}

// actionServer is a server that validates an action again when it is invoked, and that waits for its actions when it is
// stopped.
type actionServer struct {
	frameworkServer
	// running is held for reading by each action that runs.
	running sync.RWMutex
}

// InvokeAction calls the framework if the configuration is valid. Terraform validates it before that only, when what
// the apply computes is not known yet.
func (s *actionServer) InvokeAction(
	ctx context.Context, req *tfprotov6.InvokeActionRequest,
) (*tfprotov6.InvokeActionServerStream, error) {
	validated, err := s.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{
		ActionType: req.ActionType, Config: req.Config,
	})
	if err != nil {
		return nil, err
	}
	if hasErrors(validated.Diagnostics) {
		end := tfprotov6.CompletedInvokeActionEventType{Diagnostics: validated.Diagnostics}
		events := slices.Values([]tfprotov6.InvokeActionEvent{{Type: end}})
		return &tfprotov6.InvokeActionServerStream{Events: events}, nil
	}
	stream, err := s.frameworkServer.InvokeAction(ctx, req)
	if err != nil {
		return nil, err
	}
	return &tfprotov6.InvokeActionServerStream{Events: func(push func(tfprotov6.InvokeActionEvent) bool) {
		s.running.RLock()
		defer s.running.RUnlock()
		stream.Events(push)
	}}, nil
}

// StopProvider calls the framework, which cancels the actions, and waits until they have reported how they ended:
// tf6server sends nothing any more after that, and Terraform takes an action without an end for one that succeeded.
func (s *actionServer) StopProvider(
	ctx context.Context, req *tfprotov6.StopProviderRequest,
) (*tfprotov6.StopProviderResponse, error) {
	resp, err := s.frameworkServer.StopProvider(ctx, req)
	s.running.Lock()
	defer s.running.Unlock()
	return resp, err
}

// nullArgumentEncoder is a server that accepts null arguments without an encoding, which OpenTofu sends for parameters
// that allow null. The framework reports them as a bug in the provider.
type nullArgumentEncoder struct{ frameworkServer }

// CallFunction encodes null arguments and calls the framework.
func (s *nullArgumentEncoder) CallFunction(
	ctx context.Context, req *tfprotov6.CallFunctionRequest,
) (*tfprotov6.CallFunctionResponse, error) {
	const msgpackNil = 0xc0
	encoded := *req
	encoded.Arguments = slices.Clone(req.Arguments)
	for i, argument := range encoded.Arguments {
		if argument == nil || argument.MsgPack == nil && argument.JSON == nil {
			encoded.Arguments[i] = &tfprotov6.DynamicValue{MsgPack: []byte{msgpackNil}}
		}
	}
	return s.frameworkServer.CallFunction(ctx, &encoded)
}
