package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// nullArgumentEncoder is a server that gives the nulls an encoding which OpenTofu leaves without any, as it does with the
// arguments of functions whose parameters allow null. The framework would answer them with the request to report an error
// of the provider.
type nullArgumentEncoder struct{ tfprotov6.ProviderServer }

// CallFunction encodes nulls, and leaves the rest to the framework.
func (s *nullArgumentEncoder) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
	const msgpackNil = 0xc0
	encoded := *req
	encoded.Arguments = slices.Clone(req.Arguments)
	for i, argument := range encoded.Arguments {
		if argument == nil || argument.MsgPack == nil && argument.JSON == nil {
			encoded.Arguments[i] = &tfprotov6.DynamicValue{MsgPack: []byte{msgpackNil}}
		}
	}
	return s.ProviderServer.CallFunction(ctx, &encoded)
}
