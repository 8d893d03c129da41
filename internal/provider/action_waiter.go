package provider

import (
	"context"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// actionWaiter is a server that, when it is stopped, lets the actions that run report how they ended. tf6server sends nothing
// any more once StopProvider has returned, and Terraform takes an action without an end for one that succeeded.
type actionWaiter struct {
	frameworkServer
	// running is held for reading by each action that runs.
	running sync.RWMutex
}

// InvokeAction calls the framework.
func (s *actionWaiter) InvokeAction(ctx context.Context, req *tfprotov6.InvokeActionRequest) (*tfprotov6.InvokeActionServerStream, error) {
	stream, err := s.frameworkServer.InvokeAction(ctx, req)
	if err != nil {
		return nil, err
	}
	events := func(push func(tfprotov6.InvokeActionEvent) bool) {
		s.running.RLock()
		defer s.running.RUnlock()
		stream.Events(push)
	}
	return &tfprotov6.InvokeActionServerStream{Events: events}, nil
}

// StopProvider calls the framework, which cancels the actions, and waits until they have ended.
func (s *actionWaiter) StopProvider(ctx context.Context, req *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	resp, err := s.frameworkServer.StopProvider(ctx, req)
	s.running.Lock()
	defer s.running.Unlock()
	return resp, err
}
