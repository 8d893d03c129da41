package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// nullArgumentEncoder is a server that accepts null arguments without an encoding, which OpenTofu sends for parameters that
// allow null. The framework reports them as a bug in the provider.
type nullArgumentEncoder struct{ frameworkServer }

// CallFunction encodes null arguments and calls the framework.
func (s *nullArgumentEncoder) CallFunction(ctx context.Context, req *tfprotov6.CallFunctionRequest) (*tfprotov6.CallFunctionResponse, error) {
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
