package provider

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// Lists of thousands of runners are normal, and the framework takes over a second and half a gigabyte to convert 10,000 of
// them to its own values and those to the MessagePack of the protocol. The wrapper in this file encodes them directly, in
// a few milliseconds. The framework does everything else: configuration, validation, diagnostics, cancellation, and
// every other attribute of the state.
//
// A data source passes its runners to sendToEncoder and leaves its list empty; the wrapper replaces the empty list. Without
// the wrapper in NewServer, sendToEncoder returns false, and the data source converts the list as usual.

// runnerListEncoder is a server that encodes the lists of runners itself.
type runnerListEncoder struct{ frameworkServer }

// ReadDataSource calls the framework, and encodes the runners that the data source passed to sendToEncoder into the state.
func (s *runnerListEncoder) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	var list encodedRunnerList
	resp, err := s.frameworkServer.ReadDataSource(context.WithValue(ctx, runnerListKey{}, &list), req)
	if err != nil || list.fields == nil || resp.State == nil || hasErrors(resp.Diagnostics) {
		return resp, err
	}
	state, err := list.replaceIn(resp.State.MsgPack)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the runners of %s: %w", req.TypeName, err)
	}
	resp.State = &tfprotov6.DynamicValue{MsgPack: state}
	return resp, nil
}

func hasErrors(diagnostics []*tfprotov6.Diagnostic) bool {
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return true
		}
	}
	return false
}

// runnerListKey is the context key of a read's encodedRunnerList.
type runnerListKey struct{}

// encodedRunnerList is a list of runners to encode. Its fields are nil if there is none.
type encodedRunnerList struct {
	fields  []runnerField
	runners []circleci.Runner
}

// sendToEncoder passes runners to the wrapper of a read. It returns false without a wrapper; the caller then converts them.
func sendToEncoder(ctx context.Context, runners []circleci.Runner, fields []runnerField) bool {
	list, wrapped := ctx.Value(runnerListKey{}).(*encodedRunnerList)
	if wrapped {
		list.fields, list.runners = fields, runners
	}
	return wrapped
}

// runnerField is an attribute of a runner: its name, and how to get its value, nil for null.
type runnerField struct {
	name  string
	value func(*circleci.Runner) *string
}

// The attributes of organizationRunnerModel and of runnerModel, sorted by name, as the framework encodes an object.
var (
	organizationRunnerFields = []runnerField{
		{"first_connected", func(r *circleci.Runner) *string { return r.FirstConnected }},
		{"hostname", func(r *circleci.Runner) *string { return r.Hostname }},
		{"ip", func(r *circleci.Runner) *string { return r.IP }},
		{"last_connected", func(r *circleci.Runner) *string { return r.LastConnected }},
		{"last_used", func(r *circleci.Runner) *string { return r.LastUsed }},
		{"name", func(r *circleci.Runner) *string { return &r.Name }},
		{"resource_class", func(r *circleci.Runner) *string { return &r.ResourceClass }},
		{"status", func(r *circleci.Runner) *string { return r.Status }},
		{"version", func(r *circleci.Runner) *string { return r.Version }},
	}
	runnerFields = slices.DeleteFunc(slices.Clone(organizationRunnerFields), func(f runnerField) bool {
		return f.name == "ip" || f.name == "status"
	})
)

// replaceIn returns a copy of the state, an object, with the list as its attribute runners.
func (l encodedRunnerList) replaceIn(state []byte) ([]byte, error) {
	in := msgpack.NewDecoder(bytes.NewReader(state))
	size, err := in.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(make([]byte, 0, len(state)+l.maxSize()))
	encoder := msgpack.NewEncoder(out)
	if err := encoder.EncodeMapLen(size); err != nil {
		return nil, err
	}
	for range size {
		name, err := in.DecodeString()
		if err != nil {
			return nil, err
		}
		value, err := in.DecodeRaw()
		if err != nil {
			return nil, err
		}
		if err := encoder.EncodeString(name); err != nil {
			return nil, err
		}
		if name == "runners" {
			err = l.encode(encoder)
		} else {
			_, err = out.Write(value)
		}
		if err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// maxSize returns an upper bound of what encode writes, in bytes: a header has up to 5, those of names and runners 1.
func (l encodedRunnerList) maxSize() int {
	size := 5
	for i := range l.runners {
		size++
		for _, field := range l.fields {
			size += 1 + len(field.name) + 5
			if value := field.value(&l.runners[i]); value != nil {
				size += len(*value)
			}
		}
	}
	return size
}

func (l encodedRunnerList) encode(encoder *msgpack.Encoder) error {
	if err := encoder.EncodeArrayLen(len(l.runners)); err != nil {
		return err
	}
	for i := range l.runners {
		if err := encoder.EncodeMapLen(len(l.fields)); err != nil {
			return err
		}
		for _, field := range l.fields {
			if err := encoder.EncodeString(field.name); err != nil {
				return err
			}
			if err := encodeOptional(encoder, field.value(&l.runners[i])); err != nil {
				return err
			}
		}
	}
	return nil
}

func encodeOptional(encoder *msgpack.Encoder, value *string) error {
	if value == nil {
		return encoder.EncodeNil()
	}
	return encoder.EncodeString(*value)
}
