package provider

import (
	"bytes"
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"
)

// runnerListEncoder is a server that encodes the lists of runners itself. Lists of thousands are normal, and the
// framework takes over a second and half a gigabyte to convert 10,000 runners to its own values and those to the
// MessagePack of the protocol. The framework does everything else: configuration, validation, diagnostics,
// cancellation, and every other attribute of the state.
type runnerListEncoder struct{ frameworkServer }

// ReadDataSource calls the framework, and encodes the runners that the data source handed over into the state.
func (s *runnerListEncoder) ReadDataSource(
	ctx context.Context, req *tfprotov6.ReadDataSourceRequest,
) (*tfprotov6.ReadDataSourceResponse, error) {
	var runners any
	resp, err := s.frameworkServer.ReadDataSource(context.WithValue(ctx, runnerListKey{}, &runners), req)
	if err != nil || runners == nil || resp.State == nil || hasErrors(resp.Diagnostics) {
		return resp, err
	}
	state, err := replaceRunners(resp.State.MsgPack, runners)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the runners of %s: %w", req.TypeName, err)
	}
	resp.State = &tfprotov6.DynamicValue{MsgPack: state}
	return resp, nil
}

// runnerListKey is the context key of the list that a data source hands over. The framework passes nothing else on that
// is of one read.
type runnerListKey struct{}

// handToEncoder hands the runners of a data source to the runnerListEncoder, and returns an empty list for the
// framework. Without a runnerListEncoder, it returns the runners.
func handToEncoder[Model any](ctx context.Context, runners []Model) []Model {
	list, isEncoded := ctx.Value(runnerListKey{}).(*any)
	if !isEncoded {
		return runners
	}
	*list = runners
	return []Model{}
}

// replaceRunners returns a copy of the state, an object, with this list of models as its attribute runners.
func replaceRunners(state []byte, runners any) ([]byte, error) {
	var encoded map[string]msgpack.RawMessage
	if err := msgpack.Unmarshal(state, &encoded); err != nil {
		return nil, err
	}
	attributes := make(map[string]any, len(encoded))
	for name, value := range encoded {
		attributes[name] = value
	}
	attributes["runners"] = runners

	var out bytes.Buffer
	encoder := msgpack.NewEncoder(&out)
	encoder.SetSortMapKeys(true)
	encoder.SetCustomStructTag("tfsdk")
	err := encoder.Encode(attributes)
	return out.Bytes(), err
}
